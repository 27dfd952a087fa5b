package dev.freshet.analysis;

import dev.freshet.trace.FleetPhase;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * What the logs say about a fleet of servers. Names of servers are one line, as far as a report may
 * print them.
 *
 * @param updates of all servers, those that are kept, in the order of the logs
 * @param replicas in the order in which they were first named; only of a fleet's newest start
 * @param changes of states, those that are kept, in the order of the logs
 * @param interrupted updates that a crash interrupted, a sentence each
 */
public record FleetHistory(
    List<Update> updates, List<Replica> replicas, List<Change> changes, List<String> interrupted) {

  public FleetHistory {
    updates = List.copyOf(updates);
    replicas = List.copyOf(replicas);
    changes = List.copyOf(changes);
    interrupted = List.copyOf(interrupted);
  }

  /**
   * An update of all serving servers.
   *
   * @param millis when it ended, on the common time axis
   * @param where its line, as {@code file:line}
   */
  public record Update(
      double millis,
      long order,
      String where,
      double version,
      String outcome,
      double wallMs,
      List<Row> rows) {
    public Update {
      rows = List.copyOf(rows);
    }

    public boolean committed() {
      return outcome.equals("committed");
    }

    /** When its phases began, counted from its own beginning. */
    public Barriers barriers() {
      return Barriers.of(this, otherMs());
    }

    /**
     * The part of its wall time that is in no phase: inspecting the checkpoint, and the journal.
     */
    public double otherMs() {
      double inPhases =
          Barriers.of(this, 0).resume()
              + Barriers.longest(rows, row -> row.msOr0(FleetPhase.RESUME));
      return Math.max(0, wallMs - inPhases);
    }

    /** What took the longest; empty if no phase is known. */
    public Optional<Blame> blame() {
      return rows.stream()
          .flatMap(
              row ->
                  row.phases().entrySet().stream()
                      .map(phase -> new Blame(row.server(), phase.getKey(), phase.getValue())))
          .max(Comparator.comparingDouble(Blame::ms));
    }
  }

  /**
   * When the phases of an update began, in milliseconds. A phase begins once all servers have ended
   * the one before; servers that do not pause apply after those that do. What is in no phase comes
   * first: the inspection of the checkpoint on the host of the orchestrator, and the journal.
   *
   * @param swap when those apply that do not pause
   */
  public record Barriers(
      double prepare, double pause, double apply, double swap, double undo, double resume) {
    private static Barriers of(Update update, double prepare) {
      double pause = prepare + longest(update.rows(), row -> row.msOr0(FleetPhase.PREPARE));
      double apply = pause + longest(update.rows(), row -> row.msOr0(FleetPhase.PAUSE));
      double swap = apply + longest(update.rows(), row -> row.pauses() ? row.appliedMs() : 0);
      double undo = swap + longest(update.rows(), row -> row.pauses() ? 0 : row.appliedMs());
      double resume = undo + longest(update.rows(), row -> row.msOr0(FleetPhase.UNDO));
      return new Barriers(prepare, pause, apply, swap, undo, resume);
    }

    private static double longest(List<Row> rows, ToDoubleFunction<Row> ms) {
      return rows.stream().mapToDouble(ms).max().orElse(0);
    }

    /** When a phase began on a server. */
    public double start(Row row, FleetPhase phase) {
      double applies = row.pauses() ? apply : swap;
      return switch (phase) {
        case PREPARE -> prepare;
        case PAUSE -> pause;
        case APPLY -> applies;
        case ASK -> applies + row.msOr0(FleetPhase.APPLY);
        case RESUME -> resume;
        case UNDO -> undo;
      };
    }
  }

  /** What an update did on one server. Durations are milliseconds, NaN where unknown. */
  public record Row(
      String trace,
      String server,
      String kind,
      double version,
      String outcome,
      double wallMs,
      double queueMs,
      Map<FleetPhase, Double> phases) {
    public Row {
      phases = Map.copyOf(phases);
    }

    public boolean moved() {
      return outcome.equals("moved");
    }

    /** Whether it is a reason why the update was not committed with it. */
    public boolean failed() {
      return outcome.equals("failed") || outcome.equals("refused");
    }

    /** How long a phase took; NaN if there was none. */
    public double ms(FleetPhase phase) {
      return phases.getOrDefault(phase, Double.NaN);
    }

    private double msOr0(FleetPhase phase) {
      return phases.getOrDefault(phase, 0.0);
    }

    private boolean pauses() {
      return phases.containsKey(FleetPhase.PAUSE);
    }

    private double appliedMs() {
      return msOr0(FleetPhase.APPLY) + msOr0(FleetPhase.ASK);
    }
  }

  /** The slowest phase of all servers. */
  public record Blame(String server, FleetPhase phase, double ms) {}

  /**
   * A server at the end of the logs.
   *
   * @param kind its program; empty if no update was logged
   * @param sinceMillis when it got its state
   * @param where the line that says so
   * @param version the policy version that it was last known to serve; NaN if unknown
   * @param paused whether its generation may be paused
   * @param missed committed updates that were made without it
   * @param behind by how many versions it was behind the newest one at most
   * @param setAside how often it got each state that it does not serve in
   */
  public record Replica(
      String server,
      String kind,
      String state,
      double sinceMillis,
      String where,
      double version,
      double incarnation,
      boolean paused,
      int missed,
      double behind,
      Map<String, Integer> setAside) {
    public Replica {
      setAside = Map.copyOf(setAside);
    }

    public boolean serves() {
      return state.equals("serving");
    }

    /** How often it got a state. */
    public int times(String stateName) {
      return setAside.getOrDefault(stateName, 0);
    }
  }

  /** A server got another state. */
  public record Change(
      double millis, String where, String server, String state, double version, boolean paused) {}

  public List<Update> committed() {
    return updates.stream().filter(Update::committed).toList();
  }
}
