package dev.freshet.cli;

import dev.freshet.lab.lanes.LaneCsv;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.report.LaneHtml;
import dev.freshet.lab.lanes.report.LanePng;
import dev.freshet.process.OutputFile;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The output files of a benchmark of lanes. The data comes before the plots, so that a failure in
 * plotting loses no data.
 */
final class LaneOutputs {
  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "File for every update, one line each (default: none).")
  private Optional<Path> csv = Optional.empty();

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "File for a self-contained page with figures and plots (default: none).")
  private Optional<Path> html = Optional.empty();

  @Option(
      names = "--png",
      paramLabel = "FILE",
      description = "File for the same plots as one image (default: none).")
  private Optional<Path> png = Optional.empty();

  /** Rejects files that cannot be written, before anything is measured. */
  void requireWritable() {
    json.requireWritable();
    csv.ifPresent(file -> OutputFile.requireWritable("--csv", file));
    html.ifPresent(file -> OutputFile.requireWritable("--html", file));
    png.ifPresent(file -> OutputFile.requireWritable("--png", file));
  }

  /**
   * Writes the requested files.
   *
   * @param words what was measured, as a sentence
   * @param figuresAsJson writes the JSON
   */
  void write(LaneFigures figures, String words, Consumer<Path> figuresAsJson) {
    json.write(figuresAsJson);
    csv.ifPresent(file -> LaneCsv.write(figures, file));
    html.ifPresent(file -> LaneHtml.write(figures, words, file));
    png.ifPresent(file -> LanePng.write(figures, file));
  }
}
