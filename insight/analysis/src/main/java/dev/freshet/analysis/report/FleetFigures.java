package dev.freshet.analysis.report;

import dev.freshet.analysis.Distribution;
import dev.freshet.analysis.FleetHistory;
import dev.freshet.trace.FleetPhase;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * The updates of one server of a fleet, in figures: medians in milliseconds, NaN where there is no
 * value.
 *
 * @param updates that it was serving at the beginning of
 * @param moved updates that it took part in to the end
 * @param slowest updates of which it had the longest phase
 */
record FleetFigures(
    FleetHistory.Replica replica,
    int updates,
    int moved,
    int slowest,
    double queueMs,
    double wallMs,
    Map<FleetPhase, Double> phases) {

  /** Of every server, in the order of the history. */
  static List<FleetFigures> of(FleetHistory fleet) {
    return fleet.replicas().stream().map(replica -> of(fleet, replica)).toList();
  }

  private static FleetFigures of(FleetHistory fleet, FleetHistory.Replica replica) {
    String server = replica.server();
    List<FleetHistory.Row> rows =
        fleet.updates().stream()
            .flatMap(update -> update.rows().stream())
            .filter(row -> row.server().equals(server))
            .toList();
    long slowest =
        fleet.updates().stream()
            .filter(u -> u.blame().filter(blame -> blame.server().equals(server)).isPresent())
            .count();
    Map<FleetPhase, Double> phases = new EnumMap<>(FleetPhase.class);
    for (FleetPhase phase : FleetPhase.values()) {
      phases.put(phase, median(rows, row -> row.ms(phase)));
    }
    return new FleetFigures(
        replica,
        rows.size(),
        (int) rows.stream().filter(FleetHistory.Row::moved).count(),
        (int) slowest,
        median(rows, FleetHistory.Row::queueMs),
        median(rows, FleetHistory.Row::wallMs),
        phases);
  }

  private static double median(
      List<FleetHistory.Row> rows, ToDoubleFunction<FleetHistory.Row> figure) {
    return Distribution.of(
            rows.stream().map(figure::applyAsDouble).filter(Double::isFinite).toList())
        .p50();
  }

  double ms(FleetPhase phase) {
    return Objects.requireNonNull(phases.get(phase));
  }
}
