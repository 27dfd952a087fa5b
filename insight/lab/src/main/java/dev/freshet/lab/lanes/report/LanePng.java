package dev.freshet.lab.lanes.report;

import dev.freshet.lab.lanes.LaneFigures;
import dev.freshet.plots.Plot;
import dev.freshet.plots.PngSheet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The plots of a benchmark of lanes as one image, with its result in one sentence. */
public final class LanePng {
  private static final int PLOTS_PER_ROW = 2;

  private LanePng() {}

  /** Writes the image; the lanes' timelines of one number of streams are side by side. */
  public static void write(LaneFigures figures, Path file) {
    LanePlots plots = LanePlots.of(figures);
    List<List<Plot>> rows = new ArrayList<>();
    rows.addAll(
        rows(
            Stream.concat(Stream.of(plots.overStreams()), plots.distributions().stream()).toList(),
            PLOTS_PER_ROW));
    rows.addAll(rows(plots.timelines(), figures.plan().lanes().size()));
    PngSheet.write(LaneHtml.title(figures), LaneResult.of(figures), rows, file);
  }

  private static List<List<Plot>> rows(List<Plot> plots, int perRow) {
    List<Plot> drawn = plots.stream().filter(plot -> !plot.isEmpty()).toList();
    List<List<Plot>> rows = new ArrayList<>();
    for (int i = 0; i < drawn.size(); i += perRow) {
      rows.add(drawn.subList(i, Math.min(drawn.size(), i + perRow)));
    }
    return rows;
  }
}
