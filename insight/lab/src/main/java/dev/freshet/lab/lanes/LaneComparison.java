package dev.freshet.lab.lanes;

import dev.freshet.plots.Numbers;
import dev.freshet.plots.Table;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The shared and the dedicated lane compared, for each load. */
public final class LaneComparison {
  private LaneComparison() {}

  /** The medians of both lanes; a figure that was not measured on both has no row. */
  public static Table of(LaneFigures figures) {
    Table table = new Table(List.of("p50, ms", "shared", "dedicated", "ratio"));
    row(table, "queue_ms, idle", lane -> LaneRatios.idleP50(figures, lane));
    row(table, "wall_ms, idle", lane -> wallP50(figures.idle(lane)));
    for (LaneFigures.Run run : figures.runs()) {
      String load = String.format(Locale.ROOT, ", %,d streams", run.streams());
      row(table, "queue_ms" + load, lane -> LaneRatios.queueP50(run, lane));
      row(table, "wall_ms" + load, lane -> wallP50(run.of(lane)));
      double shared = LaneRatios.loadedOverIdle(figures, run, Lane.SHARED);
      double dedicated = LaneRatios.loadedOverIdle(figures, run, Lane.DEDICATED);
      if (Double.isFinite(shared) && Double.isFinite(dedicated)) {
        table.row(
            "queue_ms%s over idle".formatted(load),
            List.of(Numbers.rounded(shared), Numbers.rounded(dedicated), ""));
      }
    }
    return table;
  }

  private static double wallP50(Optional<LaneStretch> stretch) {
    return stretch.map(s -> s.wallMs().p50()).orElse(Double.NaN);
  }

  private static void row(Table table, String name, ToDoubleFunction<Lane> p50) {
    double shared = p50.applyAsDouble(Lane.SHARED);
    double dedicated = p50.applyAsDouble(Lane.DEDICATED);
    if (Double.isFinite(shared / dedicated)) {
      table.row(
          name,
          List.of(
              String.format(Locale.ROOT, "%,.2f", shared),
              String.format(Locale.ROOT, "%,.2f", dedicated),
              Numbers.rounded(shared / dedicated)));
    }
  }
}
