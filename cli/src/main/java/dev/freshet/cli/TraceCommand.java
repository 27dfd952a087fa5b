package dev.freshet.cli;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.AnalysisException;
import dev.freshet.analysis.AnalyzeOptions;
import dev.freshet.analysis.LogAnalysis;
import dev.freshet.analysis.timeline.RecordedMetrics;
import dev.freshet.analysis.timeline.RecordedRun;
import dev.freshet.analysis.timeline.RunTrace;
import dev.freshet.config.ConfigException;
import dev.freshet.process.Lifetime;
import dev.freshet.process.OutputFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code freshet trace}: a recorded run on a time axis. Standard error lists what the trace could
 * not show.
 */
@Command(
    name = "trace",
    mixinStandardHelpOptions = true,
    description = "Turn a recorded run into a trace for ui.perfetto.dev or chrome://tracing.")
final class TraceCommand extends RunningCommand {
  private static final String STANDARD_OUTPUT = "-";

  @Parameters(
      arity = "1..*",
      paramLabel = "RUN",
      description = "A run's directory; or its logs, plain or gzip, or directories of them.")
  private List<String> run = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "File for the trace; - for the standard output (default: RUN/report/trace.json).")
  private Optional<String> out = Optional.empty();

  @Override
  protected int run(Lifetime lifetime) throws IOException {
    lifetime.onStop(lifetime::closed); // Only files are open: the process may end at once.
    run.stream()
        .filter(path -> path.startsWith("-"))
        .findFirst()
        .ifPresent(
            option -> {
              throw new ConfigException(
                  "argument '%s': expected --out, a run's directory or logs".formatted(option));
            });
    RecordedRun recorded = RecordedRun.of(run.stream().map(Path::of).toList());
    String target = out.orElseGet(() -> inRun(recorded));
    Analysis analysis = LogAnalysis.of(AnalyzeOptions.NONE, recorded.logs());
    if (analysis.isEmpty()) {
      throw new AnalysisException(analysis.verdict());
    }
    RecordedMetrics metrics =
        recorded.metrics().map(RecordedMetrics::read).orElse(RecordedMetrics.NONE);
    RunTrace trace =
        target.equals(STANDARD_OUTPUT)
            ? RunTrace.write(analysis, metrics, System.out)
            : write(analysis, metrics, Path.of(target));
    if (!target.equals(STANDARD_OUTPUT)) {
      System.out.printf(
          "%s: updates %,d, servers %,d, batches %,d, training steps %,d, checkpoints %,d;"
              + " open it in ui.perfetto.dev%n",
          target,
          trace.updates(),
          trace.servers(),
          trace.batches(),
          trace.steps(),
          trace.checkpoints());
    }
    trace.missing().forEach(what -> System.err.println("freshet trace: " + what));
    return 0;
  }

  private static String inRun(RecordedRun recorded) {
    return recorded
        .directory()
        .map(dir -> dir.resolve("report").resolve("trace.json").toString())
        .orElseThrow(
            () ->
                new ConfigException(
                    "--out is missing: expected --out FILE or --out -; only the directory of a run, with"
                        + " logs/ in it, has a default"));
  }

  private static RunTrace write(Analysis analysis, RecordedMetrics metrics, Path file)
      throws IOException {
    try (OutputStream stream = OutputFile.open(file)) {
      return RunTrace.write(analysis, metrics, stream);
    }
  }
}
