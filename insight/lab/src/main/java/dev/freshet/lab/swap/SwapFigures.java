package dev.freshet.lab.swap;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.QueueParts;

/**
 * Figures of weight updates under load. Durations are milliseconds, memory is MiB.
 *
 * @param bytes the size of one checkpoint's tensors
 * @param sequences the number of completions that streamed meanwhile
 * @param verified updates that verify every tensor
 * @param unverified updates that verify only sizes
 * @param baseline updates by pausing and copying
 */
public record SwapFigures(
    String shape,
    long bytes,
    int sequences,
    Swaps verified,
    Swaps unverified,
    Baseline baseline,
    MachineLimits limits,
    Resident resident,
    Queue queue) {

  /** The median of a verified update's work without packing, divided by what it cannot avoid. */
  double readingOverLimits() {
    return verified.readingMs().p50() / (limits.faultMs() + limits.checksumMs());
  }

  /**
   * Updates that swap the weights.
   *
   * @param rpcMs the engine's work on one, waits included
   * @param workMs rpcMs without the wait for the decode step in progress
   * @param packingMs the part of workMs that builds the decoder, which packs its weights
   * @param readingMs workMs without packingMs
   * @param stallMs how long decoding was held between two steps
   * @param throughputKept the tokens of the second around an update divided by those of an
   *     undisturbed second
   */
  public record Swaps(
      Distribution rpcMs,
      Distribution workMs,
      Distribution packingMs,
      Distribution readingMs,
      Distribution stallMs,
      double throughputKept) {
    /** The median of packing divided by that of the work. */
    double packingShare() {
      return packingMs.p50() / workMs.p50();
    }
  }

  /**
   * Updates by pausing and copying; see {@link Swaps} and {@link BaselineCopy}.
   *
   * @param stallMs from the pause in effect to generation resumed
   */
  public record Baseline(Distribution workMs, Distribution stallMs, double throughputKept) {}

  /**
   * The resident memory of the server's process.
   *
   * @param before streaming, before the first update
   * @param peak the maximum during the updates
   * @param after at the end, after the last update
   */
  public record Resident(double before, double peak, double after) {}

  /**
   * The queue time of updates.
   *
   * @param idle without streams
   * @param loaded under the streams
   */
  public record Queue(QueueParts idle, QueueParts loaded) {
    /** The median under the streams divided by the idle median. */
    public double ratio() {
      return loaded.queueMs().p50() / idle.queueMs().p50();
    }
  }
}
