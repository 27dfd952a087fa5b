package dev.freshet.analysis.read;

import dev.freshet.trace.FleetPhase;
import dev.freshet.trace.time.RoleState;
import java.util.Map;

/**
 * A decoded line of the log format. Durations are milliseconds, {@code t} seconds on the clock of
 * the host that wrote the line. A figure that is missing or invalid is NaN; a missing text is
 * empty.
 */
public sealed interface Event {
  /** An event of one admin call. */
  sealed interface OfCall extends Event {
    TraceKey trace();
  }

  /**
   * The client is about to connect.
   *
   * @param step the step in the name of the checkpoint's directory
   */
  record ClientSend(TraceKey trace, String url, double step, double t) implements OfCall {}

  /** The request's first byte reached the server. */
  record ServerRecv(TraceKey trace, String path, double t) implements OfCall {}

  /**
   * The engine's operation began.
   *
   * @param phase the phase that was requested
   */
  record RpcStart(TraceKey trace, String op, String phase, double t) implements OfCall {}

  /**
   * The engine's operation ended.
   *
   * @param error the error; empty if it succeeded
   */
  record RpcDone(TraceKey trace, String op, double t, double rpcMs, String error)
      implements OfCall {
    /** Whether it failed. */
    public boolean failed() {
      return !error.isEmpty();
    }
  }

  /**
   * The client has the whole answer, or the call failed.
   *
   * @param error the error; empty if it succeeded
   */
  record ClientDone(TraceKey trace, String op, String url, PartMillis parts, String error)
      implements OfCall {
    /** Whether the call failed. */
    public boolean failed() {
      return !error.isEmpty();
    }
  }

  /** An event of a fleet. Names are one line without control characters. */
  sealed interface OfFleet extends Event {}

  /** A fleet begins; what was known of its replicas does not hold any longer. */
  record FleetBegun(double version, double servers) implements OfFleet {}

  /**
   * A replica has another state.
   *
   * @param paused whether its generation may be paused
   */
  record ReplicaState(
      String server, String state, double version, double incarnation, boolean paused)
      implements OfFleet {}

  /** A replica is no longer one of the fleet's. */
  record ReplicaLeft(String server) implements OfFleet {}

  /**
   * What an update did on a replica.
   *
   * @param version what it serves now
   * @param target what the update was to make it serve
   */
  record ReplicaDone(
      TraceKey trace,
      String server,
      String kind,
      double version,
      double target,
      String outcome,
      double wallMs,
      double queueMs,
      Map<FleetPhase, Double> phases)
      implements OfFleet {
    public ReplicaDone {
      phases = Map.copyOf(phases);
    }
  }

  /** An update of a fleet ended. */
  record FleetUpdated(double version, String outcome, double servers, double wallMs)
      implements OfFleet {}

  /** An update that a crash had interrupted was finished or undone. */
  record UpdateInterrupted(double version, String decision) implements OfFleet {}

  /** A checkpoint was published. */
  record CheckpointWritten(double step, double writeMs) implements Event {}

  /** The pipeline began to wait for weights. */
  record WaitStart(double targetStep) implements Event {}

  /** The weights arrived. */
  record WaitDone(double targetStep, double waitMs) implements Event {}

  /** Collecting a batch began. */
  record BatchStart(double inflight, double targetBatch) implements Event {}

  /** A batch is complete. */
  record BatchDone(double completions, double durMs, double inflight) implements Event {}

  /**
   * What a role did with the time of a step.
   *
   * @param server the server whose time it is; empty for a role's own
   * @param states milliseconds of each state that the line has
   */
  record StepTime(
      String role, String server, double step, double wallMs, Map<RoleState, Double> states)
      implements Event {
    public StepTime {
      states = Map.copyOf(states);
    }
  }

  /** The quality of a batch. */
  record Rollouts(double truncPct, double currentStep, double staleness) implements Event {}
}
