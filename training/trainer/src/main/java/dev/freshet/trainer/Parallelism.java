package dev.freshet.trainer;

/**
 * How a number of threads is used: {@code workers} compute different sequences of a batch at the
 * same time, each with {@code operationThreads} threads for one operation.
 *
 * <p>Workers keep every thread busy in every operation, but each has a gradient of its own. There
 * are as many as the threads divide into while the gradients besides the first take at most {@link
 * #MOST_EXTRA_BYTES}. The other threads serve the operations.
 */
record Parallelism(int workers, int operationThreads) {
  /** The most bytes of all gradients but the first. */
  static final long MOST_EXTRA_BYTES = 1L << 30;

  /** The use of {@code threads} for a model whose gradient has {@code gradientBytes}. */
  static Parallelism of(int threads, long gradientBytes) {
    int workers = threads;
    while (workers > 1
        && (threads % workers != 0 || (workers - 1) * gradientBytes > MOST_EXTRA_BYTES)) {
      workers--;
    }
    return new Parallelism(workers, threads / workers);
  }
}
