package dev.freshet.analysis.report;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.FleetHistory;
import dev.freshet.plots.Numbers;
import dev.freshet.plots.Table;
import dev.freshet.trace.FleetPhase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A fleet in tables: a row a server, and the newest updates with a row for each of their servers.
 */
final class FleetTables {
  static final int NEWEST = 5;

  private FleetTables() {}

  /** Medians of every server, how often an update waited for it, and its state at the end. */
  static Table replicas(Analysis analysis) {
    List<String> head = new ArrayList<>(List.of("server", "kind", "state", "version", "updates"));
    head.addAll(List.of("moved", "slowest", "missed", "queue"));
    List<FleetPhase> phases = phases(analysis.fleet());
    phases.forEach(phase -> head.add(phase.wireName()));
    head.add("wall");
    Table table = new Table(head);
    for (FleetFigures figures : FleetFigures.of(analysis.fleet())) {
      FleetHistory.Replica replica = figures.replica();
      List<String> cells = new ArrayList<>();
      cells.addAll(List.of(replica.kind(), state(replica), count(replica.version())));
      for (int value :
          new int[] {figures.updates(), figures.moved(), figures.slowest(), replica.missed()}) {
        cells.add(Integer.toString(value));
      }
      cells.add(Numbers.rounded(figures.queueMs()));
      for (FleetPhase phase : phases) {
        cells.add(Numbers.rounded(figures.ms(phase)));
      }
      cells.add(Numbers.rounded(figures.wallMs()));
      table.row(replica.server(), cells);
    }
    return table;
  }

  private static String state(FleetHistory.Replica replica) {
    return replica.paused() && !replica.state().equals("paused")
        ? replica.state() + ", paused"
        : replica.state();
  }

  /** The newest updates, the newest first. */
  static Table updates(Analysis analysis) {
    List<String> head = new ArrayList<>(List.of("server", "update", "outcome", "other", "queue"));
    List<FleetPhase> phases = phases(analysis.fleet());
    phases.forEach(phase -> head.add(phase.wireName()));
    head.addAll(List.of("wall", "slowest", "line"));
    Table table = new Table(head);
    for (FleetHistory.Update update : newest(analysis.fleet())) {
      table.row("all", ofAll(update, phases));
      update.rows().forEach(row -> table.row(row.server(), ofOne(row, update, phases)));
    }
    return table;
  }

  private static List<String> ofAll(FleetHistory.Update update, List<FleetPhase> phases) {
    List<String> cells = new ArrayList<>();
    cells.addAll(List.of("v" + count(update.version()), update.outcome().replace('_', ' ')));
    cells.addAll(List.of(Numbers.rounded(update.otherMs()), ""));
    for (FleetPhase phase : phases) {
      cells.add(
          Numbers.rounded(
              update.rows().stream()
                  .mapToDouble(row -> row.ms(phase))
                  .filter(Double::isFinite)
                  .max()
                  .orElse(Double.NaN)));
    }
    cells.add(Numbers.rounded(update.wallMs()));
    cells.add(
        update
            .blame()
            .map(blame -> "%s of %s".formatted(blame.phase().wireName(), blame.server()))
            .orElse("-"));
    cells.add(update.where());
    return cells;
  }

  private static List<String> ofOne(
      FleetHistory.Row row, FleetHistory.Update update, List<FleetPhase> phases) {
    List<String> cells = new ArrayList<>();
    cells.addAll(List.of("", row.outcome(), "", Numbers.rounded(row.queueMs())));
    for (FleetPhase phase : phases) {
      cells.add(Numbers.rounded(row.ms(phase)));
    }
    cells.add(Numbers.rounded(row.wallMs()));
    cells.add(
        update
            .blame()
            .filter(blame -> blame.server().equals(row.server()))
            .map(_ -> "←")
            .orElse(""));
    cells.add("");
    return cells;
  }

  /** The phases that any update had. */
  private static List<FleetPhase> phases(FleetHistory fleet) {
    return Arrays.stream(FleetPhase.values())
        .filter(
            phase ->
                fleet.updates().stream()
                    .flatMap(update -> update.rows().stream())
                    .anyMatch(row -> row.phases().containsKey(phase)))
        .toList();
  }

  static List<FleetHistory.Update> newest(FleetHistory fleet) {
    return fleet.updates().reversed().stream().limit(NEWEST).toList();
  }

  private static String count(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.0f", value);
  }
}
