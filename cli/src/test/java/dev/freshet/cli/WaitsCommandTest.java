package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.inference.front.StatusListener;
import dev.freshet.trace.RecentLines;
import dev.freshet.trace.metrics.MetricsRegistry;
import dev.freshet.trace.waits.Waits;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class WaitsCommandTest {
  @TempDir Path dir;

  private static StatusListener listener() {
    return StatusListener.start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        new MetricsRegistry(),
        Optional.empty());
  }

  @Test
  void theWaitsOfTheRolesThatAreAskedAreOnePicture() {
    try (StatusListener role = listener();
        Waits.Open _ = Waits.begin("trainer", "batch 7", "orchestrator", Duration.ofMinutes(10))) {
      CommandLineRun run = CommandLineRun.of("waits", role.url().toString());

      assertThat(run.exitCode()).isZero();
      assertThat(run.out())
          .contains("What is missing is batch 7, which orchestrator has to bring about")
          .contains("  trainer waits for batch 7 on orchestrator, ");
    }
  }

  @Test
  void aRoleThatCannotBeAskedIsOneLine() {
    String url;
    try (StatusListener role = listener()) {
      url = role.url().toString();
    }

    CommandLineRun run = CommandLineRun.of("waits", url);

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains(url.substring("http://".length())).hasLineCount(1);
  }

  @Test
  void aWaitThatEndsPastItsDeadlineIsRecordedWithAllThatHelps() throws Exception {
    Files.writeString(dir.resolve("config.toml"), "[run]\n");
    RecentLines events = new RecentLines();
    events.add("orchestrator [gen] batch.start inflight=3 target_batch=8");
    Path waits;
    try (StallRecorder _ = new StallRecorder(new RunDirectory(dir), events)) {
      try (Waits.Open _ = Waits.begin("trainer", "batch 7", "orchestrator", Duration.ZERO)) {
        Thread.sleep(2);
      }
      waits = recorded();
      while (!Thread.getAllStackTraces().keySet().stream()
          .anyMatch(thread -> thread.getName().startsWith("freshet-waits: "))) {
        Thread.sleep(10);
      }
    }

    assertThat(Files.readString(waits))
        .startsWith("trainer waited for batch 7 on orchestrator longer than it may")
        .contains("  trainer waits for batch 7 on orchestrator");
    assertThat(waits.resolveSibling("events.log")).content().contains("batch.start inflight=3");
    assertThat(waits.resolveSibling("threads.txt")).content().contains("freshet-waits");
    assertThat(waits.resolveSibling("config.toml")).content().isEqualTo("[run]\n");
  }

  /** The file of the first stall, once all of it is there. */
  private Path recorded() throws Exception {
    while (true) {
      if (Files.isDirectory(dir.resolve("report"))) {
        try (var stalls = Files.newDirectoryStream(dir.resolve("report"))) {
          for (Path stall : stalls) {
            if (Files.exists(stall.resolve("config.toml"))) {
              return stall.resolve("waits.txt");
            }
          }
        }
      }
      Thread.sleep(10);
    }
  }
}
