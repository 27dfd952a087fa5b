package dev.freshet.weights;

/**
 * The empty files by which prime-rl's trainer and the consumer of its weights agree on a step, in
 * this order.
 */
final class BroadcastMarkers {
  /** By the trainer: the step is offered. */
  static final String OFFERED = ".sender_ready";

  /** By the consumer: it will take the step. */
  static final String ACCEPTED = ".receiver_ready";

  /** By the trainer: the weights are being written. */
  static final String STARTED = ".started";

  /** By the trainer: the weights are whole. */
  static final String FINISHED = ".finished";

  private BroadcastMarkers() {}
}
