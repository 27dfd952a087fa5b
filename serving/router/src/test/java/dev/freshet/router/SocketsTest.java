package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigException;
import dev.freshet.config.ConfigLoader;
import dev.freshet.wire.OneLine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The sockets of a configuration, on a host that has only those of the JDK. */
@Timeout(120)
class SocketsTest {
  /** Prints what becomes of each way in a configuration. */
  public static void main(String[] none) {
    for (Sockets sockets : Sockets.values()) {
      String name = sockets.name().toLowerCase(Locale.ROOT);
      System.out.println(name + ": " + outcome(name));
    }
  }

  private static String outcome(String name) {
    try {
      RouterConfig config =
          ConfigLoader.with(ConfigLoader.defaults(RouterConfig.class), Map.of("sockets", name));
      return config.sockets().api().toString();
    } catch (ConfigException e) {
      return OneLine.of(e);
    }
  }

  @Test
  void aWayThatTheHostDoesNotHaveIsRejectedWithItsNameAndAutoTakesWhatThereIs() throws Exception {
    List<String> lines = onAHostWithoutNativeSockets();

    assertThat(lines).hasSize(3);
    assertThat(lines.get(0)).isEqualTo("auto: NIO");
    assertThat(lines.get(1))
        .contains("sockets = \"io_uring\": this host does not have io_uring (", "expected auto");
    assertThat(lines.get(2))
        .contains("sockets = \"epoll\": this host does not have epoll (", "expected auto");
  }

  /** Netty loads no library of its own in a process with that property. */
  private static List<String> onAHostWithoutNativeSockets()
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Dio.netty.transport.noNative=true",
                "-cp",
                System.getProperty("java.class.path"),
                SocketsTest.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).isZero();
      // The process logs to its standard output too.
      return out.lines().filter(line -> line.matches("\\w+: .*")).toList();
    } finally {
      process.destroyForcibly();
    }
  }
}
