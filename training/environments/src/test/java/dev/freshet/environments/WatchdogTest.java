package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs of a process that is killed, and those that it has released. */
@Timeout(120)
class WatchdogTest {
  @Test
  void aProgramAndItsChildEndWithAProcessThatIsKilled() throws Exception {
    Process parent =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                WatchdogTest.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = parent.inputReader(StandardCharsets.UTF_8)) {
      long[] pids = Arrays.stream(out.readLine().split(" ")).mapToLong(Long::parseLong).toArray();
      assertThat(pids).hasSize(2);
      assertThat(Arrays.stream(pids)).allMatch(WatchdogTest::runs);

      parent.destroyForcibly().waitFor();

      for (long pid : pids) {
        awaitEnd(pid);
      }
    } finally {
      parent.destroyForcibly();
    }
  }

  /** Starts a program that starts another, tells their ids, and waits to be killed. */
  public static void main(String[] arguments) throws Exception {
    AgentProcess program =
        new AgentProcess(
            List.of("sh", "-c", "sleep 600 & wait"),
            Path.of(System.getProperty("java.io.tmpdir")),
            System.getenv(),
            "",
            Watchdog.start());
    ProcessHandle self = ProcessHandle.current();
    long sleeper = 0;
    while (sleeper == 0) { // The test has a deadline.
      program.look();
      sleeper =
          self.descendants()
              .filter(handle -> handle.parent().filter(parent -> !parent.equals(self)).isPresent())
              .mapToLong(ProcessHandle::pid)
              .findAny()
              .orElse(0);
      Thread.sleep(5);
    }
    program.look();
    long shell = ProcessHandle.of(sleeper).flatMap(ProcessHandle::parent).orElseThrow().pid();
    System.out.println(shell + " " + sleeper);
    Thread.currentThread().join(); // Until it is killed.
  }

  @Test
  void aProgramThatIsReleasedLivesOn() throws Exception {
    Process kept = new ProcessBuilder("sleep", "600").start();
    Process guarded = new ProcessBuilder("sleep", "600").start();
    try {
      Watchdog watchdog = Watchdog.start();
      watchdog.guard(kept.pid());
      watchdog.guard(guarded.pid());
      watchdog.release(kept.pid());
      watchdog.close();

      assertThat(guarded.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(kept.isAlive()).isTrue();
    } finally {
      kept.destroyForcibly();
      guarded.destroyForcibly();
    }
  }

  private static void awaitEnd(long pid) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (runs(pid)) {
      assertThat(System.nanoTime()).as("process %d still runs", pid).isLessThan(end);
      Thread.sleep(5);
    }
  }

  /** A process that has ended may remain until its new parent has asked for its status. */
  private static boolean runs(long pid) {
    boolean alive = ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
    Path stat = Path.of("/proc/%d/stat".formatted(pid));
    try {
      return alive && !(Files.exists(stat) && Files.readString(stat).contains(") Z "));
    } catch (IOException e) {
      return false; // It ended meanwhile.
    }
  }
}
