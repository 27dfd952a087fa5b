package dev.freshet.analysis.timeline;

import dev.freshet.analysis.FleetHistory;
import dev.freshet.trace.FleetPhase;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Draws the updates of a fleet: a slice for each, and on a track of each server its phases; and the
 * times in which a server did not serve. The log has the lengths of phases alone; they are placed
 * as {@link FleetHistory.Barriers} says.
 */
final class FleetTracks {
  private static final String CATEGORY = "fleet";

  private final TraceWriter out;
  private final RoleTracks orchestrator;
  private final TraceAxis axis;

  FleetTracks(TraceWriter out, RoleTracks orchestrator, TraceAxis axis) {
    this.out = out;
    this.orchestrator = orchestrator;
    this.axis = axis;
  }

  void draw(FleetHistory fleet) {
    fleet.updates().stream()
        .filter(update -> Double.isFinite(update.millis()))
        .forEach(this::update);
    states(fleet.changes());
  }

  private void update(FleetHistory.Update update) {
    double start = update.millis() - update.wallMs();
    Args args = new Args().text("outcome", update.outcome()).figure("wall_ms", update.wallMs());
    update
        .blame()
        .ifPresent(
            blame ->
                args.text("slowest", blame.server())
                    .text("phase", blame.phase().wireName())
                    .figure("phase_ms", blame.ms()));
    slice(orchestrator.oneByOne("fleet updates"), name(update), start, update.wallMs(), args);
    FleetHistory.Barriers barriers = update.barriers();
    slice(
        orchestrator.oneByOne("fleet inspection"), "inspect", start, update.otherMs(), new Args());
    for (FleetHistory.Row row : update.rows()) {
      Lanes lanes = orchestrator.oneByOne("fleet phases of " + row.server());
      for (FleetPhase phase : FleetPhase.values()) {
        double ms = row.ms(phase);
        if (ms > 0) {
          slice(
              lanes,
              phase.wireName(),
              start + barriers.start(row, phase),
              ms,
              new Args()
                  .figure(phase.field(), ms)
                  .text("trace", row.trace())
                  .text("outcome", row.outcome()));
        }
      }
    }
  }

  private static String name(FleetHistory.Update update) {
    return Double.isNaN(update.version())
        ? "fleet update"
        : "fleet update v%d".formatted(Math.round(update.version()));
  }

  /** Draws from each change to the next one of the same server. */
  private void states(List<FleetHistory.Change> changes) {
    Map<String, FleetHistory.Change> open = new LinkedHashMap<>();
    for (FleetHistory.Change change : changes) {
      if (Double.isFinite(change.millis())) {
        FleetHistory.Change before = open.put(change.server(), change);
        if (before != null && isOut(before)) {
          slice(
              orchestrator.oneByOne("state of " + before.server()),
              before.state(),
              before.millis(),
              change.millis() - before.millis(),
              args(before));
        }
      }
    }
    open.values().stream().filter(FleetTracks::isOut).forEach(this::unended);
  }

  private static boolean isOut(FleetHistory.Change change) {
    return !change.state().equals("serving");
  }

  private void unended(FleetHistory.Change change) {
    Lanes.Placed placed =
        orchestrator
            .oneByOne("state of " + change.server())
            .placeUnended(axis.nanos(change.millis()));
    out.unended(placed.track(), CATEGORY, change.state(), placed.start(), args(change));
  }

  private static Args args(FleetHistory.Change change) {
    return new Args()
        .text("server", change.server())
        .count("version", change.version())
        .text("paused", change.paused() ? "yes" : "no")
        .text("line", change.where());
  }

  private void slice(Lanes lanes, String name, double startMillis, double ms, Args args) {
    Lanes.Placed placed =
        lanes.place(axis.nanos(startMillis), axis.nanos(startMillis + Math.max(0, ms)));
    out.slice(placed.track(), CATEGORY, name, placed.start(), placed.duration(), args);
  }
}
