package dev.freshet.cli;

import dev.freshet.lab.lanes.LaneCsv;
import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.lab.lanes.report.LaneHtml;
import dev.freshet.lab.lanes.report.LanePng;
import dev.freshet.process.OutputFile;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/**
 * The files of a benchmark of lanes. Each stands by itself: they are written in the order of what
 * depends on least, so that one that fails does not cost those before it.
 */
final class LaneOutputs {
  @Option(names = "--json", paramLabel = "FILE", description = "Where to write the figures.")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "Where to write every update, a line each.")
  private Optional<Path> csv = Optional.empty();

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Where to write a page with the figures and plots; it needs no other file.")
  private Optional<Path> html = Optional.empty();

  @Option(
      names = "--png",
      paramLabel = "FILE",
      description = "Where to draw the same plots as one image.")
  private Optional<Path> png = Optional.empty();

  /** Refuses a file that cannot be written, before anything is measured. */
  void requireWritable() {
    json.ifPresent(file -> OutputFile.requireWritable("--json", file));
    csv.ifPresent(file -> OutputFile.requireWritable("--csv", file));
    html.ifPresent(file -> OutputFile.requireWritable("--html", file));
    png.ifPresent(file -> OutputFile.requireWritable("--png", file));
  }

  /**
   * Writes those that were asked for.
   *
   * @param words what was done, in words
   * @param figuresAsJson writes the JSON
   */
  void write(LaneFigures figures, String words, Consumer<Path> figuresAsJson) {
    json.ifPresent(figuresAsJson);
    csv.ifPresent(file -> LaneCsv.write(figures, file));
    html.ifPresent(file -> LaneHtml.write(figures, words, file));
    png.ifPresent(file -> LanePng.write(figures, file));
  }
}
