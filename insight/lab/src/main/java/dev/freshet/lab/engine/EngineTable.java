package dev.freshet.lab.engine;

import dev.freshet.lab.ProcessFigures;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The figures of a benchmark of engines as a table, line by line as they are measured. */
public final class EngineTable {
  /** Cores used by other programs from which a line says that its figures are unreliable. */
  private static final double DISTURBED = 0.2;

  private final EngineLoad load;
  private final List<String> servers;

  /**
   * @param servers names of the measured servers, one or two
   */
  public EngineTable(EngineLoad load, List<String> servers) {
    this.load = load;
    this.servers = List.copyOf(servers);
  }

  /** What is measured, and the names of the columns. */
  public String head(String model) {
    return "%s: prompts of %d random tokens%s, %d new tokens, medians of %d rounds%n"
            .formatted(
                model,
                load.promptTokens(),
                load.group() > 1 ? " for %d completions each".formatted(load.group()) : "",
                load.tokens(),
                load.repeats())
        + "%6s %-8s %10s %9s %9s %9s %13s %7s %7s %6s"
            .formatted(
                "batch",
                "server",
                "tokens/s",
                "ttft p50",
                "p99 ms",
                "ms/token",
                "prompt tok/s",
                "linear",
                "client",
                "ratio");
  }

  /** A line for each server. */
  public String lines(List<BatchFigures> batch) {
    return IntStream.range(0, batch.size())
        .mapToObj(i -> line(i, batch))
        .collect(Collectors.joining(System.lineSeparator()));
  }

  private String line(int server, List<BatchFigures> batch) {
    BatchFigures figures = batch.get(server);
    return String.format(
            Locale.ROOT,
            "%6d %-8s %10.1f %9.1f %9.1f %9s %13.0f %7s %7.2f %6s",
            figures.batch(),
            servers.get(server),
            figures.tokensPerS(),
            figures.ttftP50Ms(),
            figures.ttftP99Ms(),
            known(figures.tokenMs()),
            figures.promptTokensPerS(),
            known(figures.linearShare()),
            figures.clientCores(),
            server == 0 ? "" : known(batch.getFirst().tokensPerS() / figures.tokensPerS()))
        + remarks(figures);
  }

  private static String remarks(BatchFigures figures) {
    String remarks = "";
    if (figures.mostRunning() < figures.batch()) {
      remarks += "  at most %d ran at once".formatted(figures.mostRunning());
    }
    if (figures.otherCores() > DISTURBED) {
      remarks +=
          String.format(Locale.ROOT, "  other programs used %.1f cores", figures.otherCores());
    }
    return remarks;
  }

  /** The memory of the first server's process. */
  public static String memory(ProcessFigures memory) {
    return String.format(
        Locale.ROOT,
        "resident MiB: %.0f after the last batch, %.0f at most",
        memory.residentMb(),
        memory.peakMb());
  }

  private static String known(double figure) {
    return Double.isFinite(figure) ? String.format(Locale.ROOT, "%.2f", figure) : "–";
  }
}
