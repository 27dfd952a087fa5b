package dev.freshet.lab.engine;

import dev.freshet.lab.ReportFile;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/** Writes the figures of a benchmark of engines as JSON; a figure that is not known is null. */
public final class EngineJson {
  private EngineJson() {}

  /**
   * Writes the figures of one server, or of two and the ratio of the first to the second.
   *
   * @throws dev.freshet.lab.LabException if the file cannot be written
   */
  public static void write(EngineRun run, Path file) {
    ObjectNode root = ReportFile.object();
    root.put("model", run.model());
    root.put("dtype", run.dtype().orElse(null));
    run.threads().ifPresentOrElse(n -> root.put("threads", n), () -> root.putNull("threads"));
    root.put("prompt_tokens", run.load().promptTokens());
    root.put("tokens", run.load().tokens());
    root.put("group", run.load().group());
    root.put("repeats", run.load().repeats());
    ObjectNode decode = root.putObject("decode");
    for (List<BatchFigures> batch : run.batches()) {
      ObjectNode node = decode.putObject(Integer.toString(batch.getFirst().batch()));
      if (batch.size() == 1) {
        put(node, batch.getFirst());
      } else {
        beside(node, run.servers(), batch);
      }
    }
    ReportFile.put(
        root, "rss_mb", run.memory().map(memory -> memory.residentMb()).orElse(Double.NaN));
    ReportFile.put(
        root, "rss_peak_mb", run.memory().map(memory -> memory.peakMb()).orElse(Double.NaN));
    ReportFile.write(file, root);
  }

  private static void put(ObjectNode node, BatchFigures figures) {
    ReportFile.put(node, "tokens_per_s", figures.tokensPerS());
    ObjectNode ttft = node.putObject("ttft_ms");
    ReportFile.put(ttft, "p50", figures.ttftP50Ms());
    ReportFile.put(ttft, "p99", figures.ttftP99Ms());
    ReportFile.put(node, "token_ms", figures.tokenMs());
    ReportFile.put(node, "prompt_tokens_per_s", figures.promptTokensPerS());
    ReportFile.put(node, "gemm_share", figures.linearShare());
    node.put("most_running", figures.mostRunning());
    ReportFile.put(node, "client_cores", figures.clientCores());
    ReportFile.put(node, "other_cores", figures.otherCores());
  }

  /** Each server's tokens a second by name, their ratio, and the other figures after the name. */
  private static void beside(ObjectNode node, List<String> servers, List<BatchFigures> batch) {
    for (int i = 0; i < servers.size(); i++) {
      String name = servers.get(i);
      BatchFigures figures = batch.get(i);
      ReportFile.put(node, name, figures.tokensPerS());
      ReportFile.put(node, name + "_ttft_ms", figures.ttftP50Ms());
      put(node.putObject(name + "_figures"), figures);
    }
    ReportFile.put(node, "ratio", batch.getFirst().tokensPerS() / batch.getLast().tokensPerS());
  }
}
