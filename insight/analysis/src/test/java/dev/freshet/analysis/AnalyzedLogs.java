package dev.freshet.analysis;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Analyses logs that are given as texts. */
public final class AnalyzedLogs {
  private AnalyzedLogs() {}

  /** Of logs, each a text. */
  public static Analysis analyze(String... logs) {
    return analyze(AnalyzeOptions.NONE, logs);
  }

  static Analysis analyze(AnalyzeOptions options, String... logs) {
    LogAnalysis analysis = new LogAnalysis(options, List.of());
    for (int i = 0; i < logs.length; i++) {
      analysis.read(
          "log" + i, new ByteArrayInputStream(logs[i].getBytes(StandardCharsets.ISO_8859_1)));
    }
    return analysis.analysis();
  }

  static AnalyzeOptions asyncLevel(int level) {
    return new AnalyzeOptions(Optional.empty(), Optional.of(level));
  }

  static Analysis analyze(AnalyzeOptions options, SimulatedRun run) {
    return analyze(
        options,
        run.log(SimulatedRun.Role.ORCHESTRATOR),
        run.log(SimulatedRun.Role.INFERENCE),
        run.log(SimulatedRun.Role.TRAINER));
  }

  /** The signatures found that ask for something. */
  static List<Signature> grave(Analysis analysis) {
    return analysis.findings().stream()
        .filter(finding -> finding.severity() != Severity.GOOD)
        .map(Finding::signature)
        .toList();
  }
}
