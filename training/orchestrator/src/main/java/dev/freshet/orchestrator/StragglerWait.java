package dev.freshet.orchestrator;

import java.util.Optional;

/**
 * How long a complete batch waits for groups in flight that it would make stale. While the trainer
 * still has an earlier batch, such a wait delays nothing and has no bound here: every group ends
 * within its episodes' deadline. Once the trainer is free, a batch waits at most {@code
 * orchestrator.straggler_wait} mean times between batches; what batches have waited so is no part
 * of that mean. Times are nanoseconds of the ledger's clock. Used under the ledger's lock.
 */
final class StragglerWait {
  /** The number of batches over which the mean is about taken. */
  private static final double MEMORY = 8;

  private final double most;
  private Optional<Double> meanNanos = Optional.empty();

  /** When the last batch was taken; at first, when the first group was dispatched. */
  private Optional<Long> before = Optional.empty();

  private Optional<Long> since = Optional.empty();
  private Optional<Long> freeSince = Optional.empty();

  /**
   * @param most in mean times between batches; 0: batches do not wait
   */
  StragglerWait(double most) {
    this.most = most;
  }

  /** A group was dispatched. */
  void dispatched(long now) {
    before = before.or(() -> Optional.of(now));
  }

  /**
   * How much longer the next batch may wait; 0 or less if no longer. Called only while it is
   * complete and would make a group in flight stale.
   *
   * @param trainerFree whether the trainer has no earlier batch
   */
  long leftNanos(long now, boolean trainerFree) {
    if (most == 0) {
      return 0;
    }
    since = since.or(() -> Optional.of(now));
    if (!trainerFree) {
      return Long.MAX_VALUE;
    }
    freeSince = freeSince.or(() -> Optional.of(now));
    long begin = freeSince.orElseThrow();
    double mean = meanNanos.orElseGet(() -> (double) (begin - before.orElse(begin)));
    return begin + (long) (most * mean) - now;
  }

  /** The next batch was taken. Returns how long it waited, in milliseconds. */
  double taken(long now) {
    long free = now - freeSince.orElse(now);
    double took = now - before.orElse(now) - free;
    meanNanos = Optional.of(meanNanos.map(mean -> mean + (took - mean) / MEMORY).orElse(took));
    double waitedMs = (now - since.orElse(now)) / 1e6;
    before = Optional.of(now);
    since = Optional.empty();
    freeSince = Optional.empty();
    return waitedMs;
  }
}
