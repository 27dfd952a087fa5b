package dev.freshet.lab.load;

import java.util.SplittableRandom;

/**
 * The sequence of a load's requests. A shape and its seed determine it, whatever the server does;
 * only the send times differ. Not thread-safe.
 */
final class RequestDraws {
  /**
   * One request.
   *
   * @param thinkMs from its end to its replacement's request
   * @param slow whether its reader is slow
   */
  record Drawn(int tokens, int promptTokens, int thinkMs, boolean slow) {}

  private final LoadShape shape;
  private final SplittableRandom requests;
  private final SplittableRandom arrivals;

  RequestDraws(LoadShape shape) {
    this.shape = shape;
    this.requests = new SplittableRandom(shape.seed());
    this.arrivals = requests.split();
  }

  /** The next request. */
  Drawn next() {
    return new Drawn(
        shape.tokens().draw(requests),
        shape.promptTokens().draw(requests),
        shape.thinkMs().draw(requests),
        requests.nextDouble() < shape.slowReaders());
  }

  /** The time between two arrivals, in an open loop. */
  long nextArrivalNanos() {
    return Math.round(
        -Math.log(1 - arrivals.nextDouble()) / shape.arrivalPerS().orElseThrow() * 1e9);
  }
}
