package dev.freshet.lab.train;

import dev.freshet.lab.ReportFile;
import dev.freshet.trainer.TrainingPrecision;
import java.nio.file.Path;
import java.util.Locale;
import tools.jackson.databind.node.ObjectNode;

/** The figures of training steps, as a table and as JSON. */
public record TrainReport(TrainFigures figures) {
  /** The table; every line ends with a line separator. */
  public String table() {
    TrainPlan plan = figures.plan();
    return line(
            "%,d parameters, %d sequences of %d tokens, %d threads, %d steps%n",
            figures.parameters(), plan.sequences(), plan.tokens(), plan.threads(), plan.steps())
        + line(
            "%-24s %9s %9s %9s %9s %9s%n", "", "tokens/s", "step ms", "CPU ms", "peak MiB", "loss")
        + side("Freshet " + name(plan.precision()), figures.freshet())
        + figures
            .torch()
            .map(
                torch ->
                    side(
                            "PyTorch %s %s".formatted(torch.version(), name(plan.torchPrecision())),
                            torch.side())
                        + line("tokens/s, Freshet over PyTorch: %.2f%n", ratio()))
            .orElse("");
  }

  private double ratio() {
    return figures.ratio().orElse(Double.NaN);
  }

  private static String side(String name, TrainFigures.Side side) {
    return line(
        "%-24s %9.0f %9.1f %9.0f %9.0f %9.4f%n",
        name, side.tokensPerSecond(), side.stepMs(), side.cpuMs(), side.peakMb(), side.loss());
  }

  private static String name(TrainingPrecision precision) {
    return precision.name().toLowerCase(Locale.ROOT);
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** Writes the figures as JSON. */
  public void write(Path file) {
    TrainPlan plan = figures.plan();
    ObjectNode root = ReportFile.object();
    root.put("parameters", figures.parameters());
    root.put("sequences", plan.sequences());
    root.put("tokens", plan.tokens());
    root.put("threads", plan.threads());
    root.put("precision", name(plan.precision()));
    put(root, "", figures.freshet());
    figures
        .torch()
        .ifPresent(
            torch -> {
              root.put("torch_version", torch.version());
              root.put("torch_precision", name(plan.torchPrecision()));
              put(root, "torch_", torch.side());
              ReportFile.put(root, "ratio", ratio());
            });
    ReportFile.write(file, root);
  }

  private static void put(ObjectNode root, String prefix, TrainFigures.Side side) {
    ReportFile.put(root, prefix + "tokens_per_s", side.tokensPerSecond());
    ReportFile.put(root, prefix + "step_ms", side.stepMs());
    ReportFile.put(root, prefix + "cpu_ms", side.cpuMs());
    ReportFile.put(root, prefix + "peak_mb", side.peakMb());
    ReportFile.put(root, prefix + "loss", side.loss());
  }
}
