package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.Trajectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The example of an agent in Python in a run on a small decoder that is not trained yet. */
@Timeout(300)
class AgentRunTest {
  @Test
  void aRunTrainsOnTheTokensThatTheServerCapturedOfAnAgentInPython(@TempDir Path dir)
      throws Exception {
    Path examples = Path.of("..", "examples", "agent").toAbsolutePath().normalize();
    assumeTrue(hasPython(), "python3 is not here");

    CommandLineRun run =
        CommandLineRun.of(
            "run",
            "--run.dir=" + dir,
            "--run.steps=2",
            "--model.layers=2",
            "--model.hidden_size=64",
            "--model.intermediate_size=128",
            "--environment.name=agent",
            "--environment.alphabet=0123456789+-*()ero",
            "--environment.agent.command=python3," + examples.resolve("agent.py"),
            "--environment.agent.tasks=" + examples.resolve("tasks.jsonl"),
            "--environment.agent.processes=4",
            "--sft.steps=0",
            "--orchestrator.group_size=4",
            "--orchestrator.groups_per_batch=2",
            "--orchestrator.max_inflight_groups=2",
            "--orchestrator.max_tokens=6",
            "--orchestrator.eval_problems=2",
            "--orchestrator.filter_zero_advantage=false",
            "--trainer.pack_length=64");

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    List<Rollout> rollouts = new BatchStore(dir.resolve("rollouts")).read(1).rollouts();
    assertThat(rollouts)
        .allSatisfy(rollout -> assertThat(rollout.environment()).isEqualTo("agent"))
        .allSatisfy(rollout -> assertThat(rollout.turns()).isEqualTo(2))
        .allSatisfy(rollout -> assertThat(rollout.trajectory().synthesisedCount()).isZero());
    // A special token that an untrained decoder samples is not in the text that the agent sends
    // again, which breaks the prefix: the two turns are two branches then.
    Map<String, Long> turns =
        rollouts.stream()
            .collect(
                Collectors.groupingBy(
                    rollout -> rollout.id().replaceFirst("\\..*", ""),
                    Collectors.summingLong(rollout -> turns(rollout.trajectory()))));
    assertThat(turns).hasSize(8);
    assertThat(turns.values()).containsOnly(2L);
    assertThat(Files.readString(dir.resolve("metrics/orchestrator.jsonl")))
        .contains("\"agent\"", "\"broken_prefixes\"", "\"branches\"");
  }

  private static boolean hasPython() throws InterruptedException {
    try {
      return new ProcessBuilder("python3", "--version")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Runs of generated tokens. */
  private static long turns(Trajectory tokens) {
    boolean[] generated = tokens.generated();
    return IntStream.range(0, generated.length)
        .filter(i -> generated[i] && (i == 0 || !generated[i - 1]))
        .count();
  }
}
