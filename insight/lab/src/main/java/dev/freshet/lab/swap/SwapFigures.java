package dev.freshet.lab.swap;

import dev.freshet.analysis.Distribution;
import dev.freshet.lab.QueueParts;

/**
 * What weight updates under load came to. Durations are milliseconds, memory is MiB.
 *
 * @param bytes of one checkpoint's tensors
 * @param sequences the completions that streamed meanwhile
 * @param verified updates that verify every tensor
 * @param unverified updates that trust the bytes
 * @param baseline the same by pausing and copying
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

  /**
   * Updates by exchange of the weights.
   *
   * @param rpcMs the server's work and wait on one
   * @param workMs the same without the wait for the decode step in progress
   * @param stallMs how long decoding was held between two steps
   * @param throughputKept the tokens of the second around an update over those of an undisturbed
   *     second
   */
  public record Swaps(
      Distribution rpcMs, Distribution workMs, Distribution stallMs, double throughputKept) {}

  /**
   * Updates by pausing and copying; see {@link Swaps} and {@link BaselineCopy}.
   *
   * @param stallMs from the pause in force to generation resumed
   */
  public record Baseline(Distribution workMs, Distribution stallMs, double throughputKept) {}

  /**
   * The memory of the server's process.
   *
   * @param before streaming, before the first update
   * @param peak the most while it was updated
   * @param after a while after the last update
   */
  public record Resident(double before, double peak, double after) {}

  /**
   * All of an update that is not the engine's work on it.
   *
   * @param idle without any stream
   * @param loaded beside the streams
   */
  public record Queue(QueueParts idle, QueueParts loaded) {
    /** How many times as long the median is beside the streams. */
    public double ratio() {
      return loaded.queueMs().p50() / idle.queueMs().p50();
    }
  }
}
