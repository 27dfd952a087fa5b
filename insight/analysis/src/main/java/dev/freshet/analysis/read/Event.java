package dev.freshet.analysis.read;

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

  /** The quality of a batch. */
  record Rollouts(double truncPct, double currentStep, double staleness) implements Event {}
}
