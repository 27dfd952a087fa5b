package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.RemoteWaits;
import dev.freshet.http.HttpConfig;
import dev.freshet.http.StatusListener;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.process.StallRecorder;
import dev.freshet.trace.RecentLines;
import dev.freshet.trace.waits.Waits;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class WaitsCommandTest {
  @TempDir Path dir;

  private static StatusListener listener() {
    return StatusListener.start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        HttpConfig.DEFAULT,
        new MetricsRegistry(),
        Optional.empty());
  }

  @Test
  void theWaitsOfAllRolesAreMerged() {
    try (StatusListener role = listener();
        Waits.Open _ = Waits.begin("trainer", "batch 7", "orchestrator", Duration.ofMinutes(10))) {
      CommandLineRun run = CommandLineRun.of("waits", role.url().toString());

      assertThat(run.exitCode()).isZero();
      assertThat(run.out())
          .contains("Blocked on batch 7 (owner: orchestrator)")
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
  void aRoleThatIsDownLeavesTheWaitsOfTheOthers() {
    String down;
    try (StatusListener role = listener()) {
      down = role.url().toString();
    }
    try (StatusListener role = listener();
        Waits.Open _ = Waits.begin("trainer", "batch 7", "orchestrator", Duration.ofMinutes(10))) {
      CommandLineRun run = CommandLineRun.of("waits", down, role.url().toString());

      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.out()).contains("Blocked on batch 7");
      assertThat(run.err()).contains(down.substring("http://".length())).hasLineCount(1);
    }
  }

  @Test
  void aRecordHasTheWaitsOfOtherRolesAndNamesUnreachableOnes() throws Exception {
    URI down;
    try (StatusListener role = listener()) {
      down = role.url();
    }
    try (StatusListener role = listener();
        StallRecorder _ =
            new StallRecorder(
                "run",
                "",
                new RemoteWaits(List.of(role.url(), down), Optional.empty())::ask,
                dir.resolve("report"),
                new RecentLines(InstantSource.system()))) {
      try (Waits.Open _ = Waits.begin("trainer", "batch 7", "orchestrator", Duration.ZERO)) {
        Path record = recorded();

        assertThat(Files.readString(record.resolve("waits.txt")))
            .as("its own and those of the role, which is of the same process")
            .contains("trainer waits for 2 times batch 7 on orchestrator")
            .contains(down.toString());
      }
    }
  }

  private StallRecorder recorder(RecentLines events) {
    return new StallRecorder(
        "run", "[run]\n", StallRecorder.OtherRoles.NONE, dir.resolve("report"), events);
  }

  @Test
  void aWaitThatEndsPastItsDeadlineIsRecorded() throws Exception {
    RecentLines events = new RecentLines(InstantSource.system());
    events.add("orchestrator [gen] batch.start inflight=3 target_batch=8");
    Path record;
    try (StallRecorder _ = recorder(events)) {
      try (Waits.Open _ = Waits.begin("trainer", "batch 7", "orchestrator", Duration.ZERO)) {
        Thread.sleep(2);
      }
      record = recorded();
    }

    assertThat(Files.readString(record.resolve("waits.txt")))
        .startsWith("trainer waited for batch 7 on orchestrator past its deadline")
        .contains("  trainer waits for batch 7 on orchestrator");
    assertThat(record.resolve("events.log")).content().contains("batch.start inflight=3");
    assertThat(record.resolve("threads.txt")).content().contains("freshet-waits");
    assertThat(record.resolve("config.toml")).content().isEqualTo("[run]\n");
  }

  /** The first record, once all of it is there. */
  private Path recorded() throws Exception {
    while (true) {
      for (Path record : records()) {
        if (Files.exists(record.resolve("threads.txt"))) {
          return record;
        }
      }
      Thread.sleep(10);
    }
  }

  private List<Path> records() throws Exception {
    if (!Files.isDirectory(dir.resolve("report"))) {
      return List.of();
    }
    try (Stream<Path> records = Files.list(dir.resolve("report"))) {
      return records.toList();
    }
  }
}
