package dev.freshet.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ends of a process whose C library would run an exit handler, see {@link EndlessCommand}. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
class LifetimeTest {
  private static final String EXPIRED =
      "freshet: the command did not close its resources within 50 ms: exiting while it works;"
          + " what it has not written yet is lost";

  @TempDir Path dir;

  @Test
  void withoutItTheExitHandlersOfTheProcessRun() throws Exception {
    Process child = start("none", "3");

    assertThat(exitCode(child)).isEqualTo(3);
    assertThat(errors()).startsWith(EndlessCommand.HANDLER);
  }

  @Test
  void anExitKeepsItsStatusAndRunsNoExitHandler() throws Exception {
    Process child = start("50", "3");

    assertThat(exitCode(child)).isEqualTo(3);
    assertThat(errors()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"TERM, 143", "INT, 130"})
  void aSignalEndsACommandThatDoesNotCloseWithItsStatusAndWithoutExitHandlers(
      String signal, int exitCode) throws Exception {
    Process child = start("50");
    awaitReady(child);

    send(child, signal);

    assertThat(exitCode(child)).isEqualTo(exitCode);
    assertThat(errors().strip()).isEqualTo(EXPIRED);
  }

  @Test
  void aSecondSignalNeitherShortensTheDeadlineNorChangesTheStatus() throws Exception {
    Process child = start("2000");
    awaitReady(child);

    send(child, "TERM");
    send(child, "TERM");

    assertThat(exitCode(child)).isEqualTo(143);
    assertThat(errors().strip()).isEqualTo(EXPIRED.replace("50 ms", "2000 ms"));
  }

  private Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    // A process started in the background of a shell ignores SIGINT, and so do its children.
    command.addAll(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            EndlessCommand.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectOutput(dir.resolve("out").toFile())
        .redirectError(dir.resolve("err").toFile())
        .start();
  }

  private void awaitReady(Process child) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!Files.readString(dir.resolve("out")).contains(EndlessCommand.READY)) {
      assertThat(child.isAlive()).as("the child lives: %s", errors()).isTrue();
      assertThat(System.nanoTime() - deadline).as("ready within 60 s").isNegative();
      Thread.sleep(10);
    }
  }

  private static void send(Process child, String signal) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + signal, String.valueOf(child.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  private static int exitCode(Process child) throws InterruptedException {
    try {
      assertThat(child.waitFor(60, TimeUnit.SECONDS)).as("ended within 60 s").isTrue();
      return child.exitValue();
    } finally {
      child.destroyForcibly();
    }
  }

  private String errors() throws IOException {
    return Files.readString(dir.resolve("err"));
  }
}
