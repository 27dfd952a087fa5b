package dev.freshet.server;

import static dev.freshet.engine.Fixture.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Malformed and odd requests on both listeners. {@code -Dfreshet.fuzz=100000} sends so many
 * connections, {@code -Dfreshet.fuzz.seed=N} repeats a run.
 */
@Timeout(3600)
class FuzzTest {
  private static final int CONNECTIONS = Integer.getInteger("freshet.fuzz", 300);
  private static final long SEED = Long.getLong("freshet.fuzz.seed", 1);
  private static final int CLIENTS = 4;
  private static final int HANG_MILLIS = 60_000;
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 ([0-9]{3}) ");

  /** The statuses of a server that has not failed: of a method or version, or of a limit. */
  private static final List<Integer> ALLOWED_5XX = List.of(501, 503, 505);

  @TempDir private Path dir;

  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private final ConcurrentSkipListMap<Integer, Integer> statuses = new ConcurrentSkipListMap<>();

  @Test
  void noRequestMakesTheServerFailHangOrLeak() throws Exception {
    try (ServerFixture fixture = new ServerFixture(dir)) {
      fuzz(fixture, CONNECTIONS / 10, SEED + CLIENTS);
      eventually(() -> fixture.engine.running() == 0);
      long files = openFiles();
      long before = residentKb();

      fuzz(fixture, CONNECTIONS, SEED);

      eventually(() -> fixture.engine.running() == 0 && openFiles() <= files + 8);
      System.out.printf(
          "fuzz: %d connections, seed %d, statuses %s, resident %d MiB before, %d MiB after%n",
          CONNECTIONS, SEED, new TreeMap<>(statuses), before >> 10, residentKb() >> 10);
      assertThat(failures).isEmpty();
      assertThat(statuses.keySet())
          .allSatisfy(
              status ->
                  assertThat(status < 500 || ALLOWED_5XX.contains(status))
                      .as("%d", status)
                      .isTrue());
      assertThat(statuses).containsKeys(200, 400, 404, 405);
      assertThat(fixture.metrics.server().streams()).isZero();
      assertThat(
              fixture
                  .post(
                      fixture.server.dataUrl(),
                      "/v1/completions",
                      "{\"prompt\":\"a\",\"max_tokens\":3}")
                  .body())
          .contains("\"text\":\"bcd\"");
      assertThat(fixture.get(fixture.server.adminUrl(), "/health").statusCode()).isEqualTo(200);
    }
  }

  private void fuzz(ServerFixture fixture, int connections, long seed) throws InterruptedException {
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      long own = seed + i;
      InetSocketAddress server =
          i % 2 == 0 ? fixture.server.dataAddress() : fixture.server.adminAddress();
      clients.add(
          Thread.ofPlatform()
              .name("fuzz-" + own)
              .start(() -> client(server, connections / CLIENTS, own)));
    }
    for (Thread client : clients) {
      client.join();
    }
  }

  private void client(InetSocketAddress server, int connections, long seed) {
    FuzzedRequests requests = new FuzzedRequests(seed);
    for (int i = 0; i < connections; i++) {
      byte[] bytes = requests.next();
      boolean leaves = requests.leaves();
      try {
        exchange(server, bytes, leaves);
      } catch (SocketException e) {
        // Reset: the server had closed the connection before it was sent all.
      } catch (SocketTimeoutException e) {
        failures.add("hung: seed %d, connection %d: %s".formatted(seed, i, text(bytes)));
      } catch (IOException e) {
        failures.add("%s: seed %d, connection %d: %s".formatted(e, seed, i, text(bytes)));
      }
    }
  }

  private void exchange(InetSocketAddress server, byte[] bytes, boolean leaves) throws IOException {
    try (Socket socket = new Socket(server.getAddress(), server.getPort())) {
      socket.setSoTimeout(HANG_MILLIS);
      socket.getOutputStream().write(bytes);
      if (leaves) {
        return;
      }
      socket.shutdownOutput();
      try (InputStream in = socket.getInputStream()) {
        Matcher answers = STATUS.matcher(text(in.readAllBytes()));
        while (answers.find()) {
          statuses.merge(Integer.parseInt(answers.group(1)), 1, Integer::sum);
        }
      }
    }
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static long openFiles() {
    return ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getOpenFileDescriptorCount();
  }

  private static long residentKb() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElse(0);
  }
}
