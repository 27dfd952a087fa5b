package dev.freshet.model;

/**
 * The size of a low-rank adapter (LoRA): it adds {@code scale · B · A} to the weight of a linear
 * layer, where A is {@code [rank, in]} and B is {@code [out, rank]}.
 *
 * @param rankStabilized whether the scale is alpha / √rank instead of alpha / rank
 */
public record LoraConfig(int rank, double alpha, boolean rankStabilized) {
  public LoraConfig {
    if (rank < 1) {
      throw new ModelException("r %d: expected at least 1".formatted(rank));
    }
    if (!Double.isFinite(alpha)) {
      throw new ModelException("lora_alpha %s: expected a finite number".formatted(alpha));
    }
  }

  /** The factor on B · A. */
  public double scale() {
    return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
  }
}
