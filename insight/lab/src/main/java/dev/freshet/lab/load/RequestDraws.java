package dev.freshet.lab.load;

import java.util.SplittableRandom;

/**
 * The requests of a load, one after the other. The same shape and seed give the same requests in
 * the same order, however the server answers; what differs is when they are sent. Not thread-safe.
 */
final class RequestDraws {
  /**
   * One request.
   *
   * @param thinkMs how long after its end its replacement asks
   * @param slow whether its reader takes little at a time
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

  /** How long after an arrival the next comes, in an open loop. */
  long nextArrivalNanos() {
    return Math.round(
        -Math.log(1 - arrivals.nextDouble()) / shape.arrivalPerS().orElseThrow() * 1e9);
  }
}
