package dev.freshet.lab.route;

import dev.freshet.fleet.ServerAddress;
import dev.freshet.lab.FreshetProcess;
import dev.freshet.process.OwnedProcess;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code freshet route} in a process of its own.
 *
 * @param main the main class of the {@code freshet} command
 * @param javaOptions options of its JVM after those of this process
 */
public record FreshetFront(Class<?> main, List<String> javaOptions) implements FrontUnderTest {
  private static final Duration START = Duration.ofMinutes(1);

  /** Connections of clients besides one a stream. */
  private static final int OTHER_CONNECTIONS = 256;

  private static final Pattern URLS =
      Pattern.compile("requests (http://\\S+)\\s+admin\\s+(http://\\S+)\\s");

  public FreshetFront {
    javaOptions = List.copyOf(javaOptions);
  }

  @Override
  public String name() {
    return "freshet";
  }

  @Override
  public Running start(Path dir, List<ServerAddress> replicas, int streams)
      throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "route",
                "--port=0",
                "--admin-port=0",
                "--http.log_requests=false", // As the other fronts.
                "--router.max_connections=" + (streams + OTHER_CONNECTIONS),
                "--router.journal=" + dir.resolve("updates.jsonl")));
    for (ServerAddress replica : replicas) {
      arguments.addAll(List.of("--upstream", replica.data() + "=freshet@" + replica.admin()));
    }
    OwnedProcess process =
        OwnedProcess.start(
            "freshet route",
            FreshetProcess.command(main, FreshetProcess.options(), javaOptions, arguments),
            dir.resolve("freshet-route.txt"));
    return StartedFront.await(process, FreshetFront::urls, START);
  }

  private static Optional<StartedFront.Urls> urls(String output) {
    Matcher matcher = URLS.matcher(output);
    return matcher.find()
        ? Optional.of(
            new StartedFront.Urls(
                URI.create(matcher.group(1)), Optional.of(URI.create(matcher.group(2)))))
        : Optional.empty();
  }
}
