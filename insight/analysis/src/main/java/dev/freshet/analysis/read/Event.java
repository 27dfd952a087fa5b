package dev.freshet.analysis.read;

/**
 * A line of the log format, decoded. Durations are milliseconds, {@code t} seconds on the clock of
 * the host that wrote the line. A figure that the line lacks, or that cannot be true, is NaN; a
 * text that it lacks is empty.
 */
public sealed interface Event {
  /** An event of one admin call; {@code trace} is the 64 bits of its id. */
  sealed interface OfCall extends Event {
    long trace();
  }

  /**
   * The client is about to connect.
   *
   * @param step that the checkpoint's directory is named after
   */
  record ClientSend(long trace, String url, double step, double t) implements OfCall {}

  /** The request's first byte reached the server. */
  record ServerRecv(long trace, String path, double t) implements OfCall {}

  /**
   * The engine's operation began.
   *
   * @param phase which part of it was asked
   */
  record RpcStart(long trace, String op, String phase, double t) implements OfCall {}

  /**
   * The engine's operation ended.
   *
   * @param error why it failed; empty if it did not
   */
  record RpcDone(long trace, String op, double t, double rpcMs, String error) implements OfCall {
    /** Whether it failed. */
    public boolean failed() {
      return !error.isEmpty();
    }
  }

  /**
   * The client has the whole answer, or gave up.
   *
   * @param error why it has none; empty if it has
   */
  record ClientDone(long trace, String op, String url, PartMillis parts, String error)
      implements OfCall {
    /** Whether it gave up. */
    public boolean failed() {
      return !error.isEmpty();
    }
  }

  /** A checkpoint was published. */
  record CheckpointWritten(double step, double writeMs) implements Event {}

  /** The pipeline began to stand still for want of weights. */
  record WaitStart(double targetStep) implements Event {}

  /** The weights are there. */
  record WaitDone(double targetStep, double waitMs) implements Event {}

  /** Collecting a batch began. */
  record BatchStart(double inflight, double targetBatch) implements Event {}

  /** A batch is complete. */
  record BatchDone(double completions, double durMs, double inflight) implements Event {}

  /** The quality of a batch. */
  record Rollouts(double truncPct, double currentStep, double staleness) implements Event {}
}
