package dev.freshet.analysis;

import java.util.Optional;

/**
 * What logs do not say.
 *
 * @param modelBillions parameters of the model, in billions; 7 by the ranges' table if not given
 * @param asyncLevel how many steps rollouts may lag behind
 */
public record AnalyzeOptions(Optional<Double> modelBillions, Optional<Integer> asyncLevel) {
  /** Nothing is known beside the logs. */
  public static final AnalyzeOptions NONE = new AnalyzeOptions(Optional.empty(), Optional.empty());
}
