package dev.freshet.analysis;

import java.util.Optional;

/**
 * What the logs do not contain.
 *
 * @param modelBillions parameters of the model, in billions; 7 by the ranges' table if not given
 * @param asyncLevel the number of steps by which rollouts may lag
 */
public record AnalyzeOptions(Optional<Double> modelBillions, Optional<Integer> asyncLevel) {
  /** Only the logs are known. */
  public static final AnalyzeOptions NONE = new AnalyzeOptions(Optional.empty(), Optional.empty());
}
