package dev.freshet.cli;

import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.config.ConfigException;
import dev.freshet.dashboard.RunFiles;
import dev.freshet.process.RunDirectory;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.RunJournal;
import dev.freshet.text.Tokenizer;
import dev.freshet.weights.CheckpointStore;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The run directory that a configuration names, and the stores in it. */
final class Runs {
  private Runs() {}

  /** The directory {@code run.dir}, or a fresh one named after the environment. */
  static RunDirectory of(FreshetConfig config) {
    String dir = config.run().dir();
    return dir.isEmpty()
        ? RunDirectory.fresh(config.environment().title(), Clock.system(ZoneId.systemDefault()))
        : new RunDirectory(Path.of(dir));
  }

  /** The directory {@code run.dir}, which must hold a base model. */
  static RunDirectory existing(FreshetConfig config) {
    if (config.run().dir().isEmpty()) {
      throw new ConfigException("run.dir is empty: expected the directory that `freshet sft` made");
    }
    RunDirectory run = of(config);
    if (weights(run).latest().isEmpty()) {
      throw new ConfigException(
          "run.dir = %s: expected %s, which `freshet sft` makes"
              .formatted(run.path(), weights(run).path(0)));
    }
    run.createLogs();
    return run;
  }

  /**
   * Rejects a directory in which an earlier run has published {@code firstStep} or a later one, or
   * has left a state of its trainer.
   */
  static void requireFresh(RunDirectory run, long firstStep) {
    for (CheckpointStore store : List.of(weights(run), checkpoints(run))) {
      OptionalLong latest = store.latest();
      if (latest.isPresent() && latest.getAsLong() >= firstStep) {
        throw new ConfigException(
            "run.dir = %s: expected a directory without an earlier run, or --resume, but %s is there"
                .formatted(run.path(), store.path(latest.getAsLong())));
      }
    }
  }

  static CheckpointStore weights(RunDirectory run) {
    return new CheckpointStore(run.weights());
  }

  static CheckpointStore checkpoints(RunDirectory run) {
    return new CheckpointStore(run.checkpoints());
  }

  static BatchStore batches(RunDirectory run) {
    return new BatchStore(run.rollouts());
  }

  /**
   * The journal of a run.
   *
   * @param resume whether to continue with that of an earlier process, if there is one
   */
  static RunJournal journal(RunDirectory run, FreshetConfig config, boolean resume) {
    Map<String, String> settings =
        Map.of(
            "run.seed", String.valueOf(config.run().seed()),
            "environment", config.environment().toString(),
            "orchestrator.group_size", String.valueOf(config.orchestrator().groupSize()),
            "orchestrator.groups_per_batch", String.valueOf(config.orchestrator().groupsPerBatch()),
            "orchestrator.async_level", String.valueOf(config.orchestrator().asyncLevel()),
            "orchestrator.max_tokens", String.valueOf(config.orchestrator().maxTokens()),
            "orchestrator.temperature", String.valueOf(config.orchestrator().temperature()));
    return resume
        ? RunJournal.resumeOrBegin(run.journal(), settings)
        : RunJournal.begin(run.journal(), settings);
  }

  /** The files that a dashboard reads, judged by the configuration. */
  static RunFiles files(RunDirectory run, FreshetConfig config, Tokenizer tokenizer) {
    return new RunFiles(
        run.path(),
        run.logs(),
        new AnalyzeOptions(Optional.empty(), Optional.of(config.orchestrator().asyncLevel())),
        batches(run),
        tokenizer);
  }
}
