package dev.freshet.lab.analyze.read;

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

  /** The client is about to connect. */
  record ClientSend(long trace, String url, double t) implements OfCall {}

  /** The request's first byte reached the server. */
  record ServerRecv(long trace, String path, double t) implements OfCall {}

  /** The engine's operation began. */
  record RpcStart(long trace, String op, double t) implements OfCall {}

  /** The engine's operation ended, or failed. */
  record RpcDone(long trace, String op, double t, double rpcMs, boolean failed) implements OfCall {}

  /** The client has the whole answer, or gave up. */
  record ClientDone(
      long trace,
      String op,
      String url,
      double wallMs,
      double rpcMs,
      double queueMs,
      Parts parts,
      boolean failed)
      implements OfCall {}

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

  /**
   * Where the queue time of a call went, as far as its client knew.
   *
   * @param transferMs accept and answer together
   */
  record Parts(
      double connectMs,
      double acceptMs,
      double handlerMs,
      double answerMs,
      double transferMs,
      double stallMs) {}
}
