package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.AnalysisException;
import dev.freshet.analysis.LogMetric;
import dev.freshet.analysis.Stats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The output directory of an analysis: {@code SUMMARY.md}, {@code report.html}, {@code report.json}
 * a text file per metric, the slowest updates and the timeline.
 */
public final class StatsFiles {
  private static final Map<String, List<LogMetric>> FILES = new LinkedHashMap<>();

  static {
    FILES.put("queue_ms_stats.txt", List.of(LogMetric.QUEUE));
    FILES.put("rpc_ms_stats.txt", List.of(LogMetric.RPC, LogMetric.RPC_RELOAD));
    FILES.put("ckpt_wait_stats.txt", List.of(LogMetric.WAIT));
    FILES.put("ckpt_write_stats.txt", List.of(LogMetric.WRITE));
    FILES.put("gen_batch_stats.txt", List.of(LogMetric.BATCH));
    FILES.put("truncation_stats.txt", List.of(LogMetric.TRUNCATION));
    FILES.put("staleness_stats.txt", List.of(LogMetric.STALENESS));
  }

  private StatsFiles() {}

  /**
   * Writes all files, replacing existing ones.
   *
   * @throws AnalysisException if the directory cannot be created or written to
   */
  public static void write(Analysis analysis, Path dir) {
    try {
      Files.createDirectories(dir);
      Files.writeString(dir.resolve("report.json"), JsonReport.of(analysis) + "\n");
      Files.writeString(dir.resolve("SUMMARY.md"), MarkdownReport.of(analysis));
      Files.writeString(dir.resolve("report.html"), HtmlReport.of(analysis));
      for (Map.Entry<String, List<LogMetric>> file : FILES.entrySet()) {
        Files.writeString(dir.resolve(file.getKey()), stats(analysis, file.getValue()));
      }
      Files.writeString(dir.resolve("slowest_updates.txt"), Tables.slowest(analysis).text());
      Files.writeString(dir.resolve("timeline.txt"), Timeline.text(analysis));
    } catch (IOException e) {
      throw new AnalysisException("%s: cannot be written: %s".formatted(dir, e.getMessage()), e);
    }
  }

  private static String stats(Analysis analysis, List<LogMetric> metrics) {
    StringBuilder text = new StringBuilder();
    for (LogMetric metric : metrics) {
      Stats stats = analysis.stats().get(metric);
      if (stats == null || (stats.count() == 0 && !metric.equals(metrics.getFirst()))) {
        continue;
      }
      text.append(metric.label())
          .append(" (")
          .append(Figures.range(analysis.ranges().of(metric), metric.unit()))
          .append(")\n");
      List<String> cells = Figures.cells(stats);
      for (int i = 0; i < cells.size(); i++) {
        text.append("  %-9s %s%n".formatted(Figures.HEADS.get(i), cells.get(i)));
      }
    }
    return text.toString();
  }
}
