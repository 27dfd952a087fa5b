package dev.freshet.lab.route;

import dev.freshet.fleet.ServerAddress;
import dev.freshet.process.OwnedProcess;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Another router, started by a command in which {@code {port}} stands for its port and {@code
 * {upstreams}} for the URLs of the replicas, an argument each.
 */
public record CommandFront(String name, String command) implements FrontUnderTest {
  private static final Duration START = Duration.ofMinutes(1);
  private static final int TIMEOUT_MS = 2000;
  private static final String BODY = "{\"model\":\"synthetic\",\"prompt\":\"x\",\"stream\":true}";

  /** Parses {@code NAME=COMMAND}; empty if it has no name or no command. */
  public static Optional<CommandFront> parse(String text) {
    int equals = text.indexOf('=');
    return equals > 0 && equals < text.length() - 1
        ? Optional.of(new CommandFront(text.substring(0, equals), text.substring(equals + 1)))
        : Optional.empty();
  }

  @Override
  public Running start(Path dir, List<ServerAddress> replicas, int streams)
      throws IOException, InterruptedException {
    int port = freePort();
    List<String> arguments = new ArrayList<>();
    for (String word : command.strip().split("\\s+")) {
      if (word.equals("{upstreams}")) {
        replicas.forEach(replica -> arguments.add(replica.data().toString()));
      } else {
        arguments.add(word.replace("{port}", Integer.toString(port)));
      }
    }
    URI url = URI.create("http://127.0.0.1:" + port);
    OwnedProcess process = OwnedProcess.start(name, arguments, dir.resolve(name + ".txt"));
    return StartedFront.await(
        process, _ -> streaming(url).map(u -> new StartedFront.Urls(u, Optional.empty())), START);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Whether a stream begins: a router may listen long before it has found its replicas. */
  private static Optional<URI> streaming(URI url) {
    try {
      HttpURLConnection connection =
          (HttpURLConnection) url.resolve("/v1/completions").toURL().openConnection();
      connection.setConnectTimeout(TIMEOUT_MS);
      connection.setReadTimeout(TIMEOUT_MS);
      connection.setDoOutput(true);
      connection.setRequestProperty("content-type", "application/json");
      connection.getOutputStream().write(BODY.getBytes(StandardCharsets.US_ASCII));
      boolean begun =
          connection.getResponseCode() == 200 && connection.getInputStream().read() >= 0;
      connection.disconnect();
      return begun ? Optional.of(url) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
