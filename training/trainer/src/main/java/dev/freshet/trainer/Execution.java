package dev.freshet.trainer;

/**
 * How steps are computed, which changes their results by rounding only.
 *
 * @param precision the type in which linear layers are computed, resolved
 * @param threads the number of threads
 * @param recomputes whether a layer's activations are computed once more in the backward pass
 *     instead of kept
 */
public record Execution(TrainingPrecision precision, int threads, boolean recomputes) {
  public Execution {
    precision = precision.resolved();
    if (threads < 1) {
      throw new IllegalArgumentException("threads %d: expected at least 1".formatted(threads));
    }
  }

  /** The pass over one micro-batch whose gradients libtorch computes, as those of an adapter. */
  Pass pass() {
    return recomputes ? new RecomputingPass(precision) : Pass.keeping(precision);
  }
}
