package dev.freshet.lab.train;

import dev.freshet.analysis.Distribution;
import java.util.List;
import java.util.Optional;

/**
 * The figures of training steps.
 *
 * @param parameters the number of the model's parameters
 * @param torch PyTorch's, if it was measured
 */
public record TrainFigures(TrainPlan plan, long parameters, Side freshet, Optional<Torch> torch) {
  /**
   * The figures of one program.
   *
   * @param loss of the first step, in nats
   * @param stepMs the median duration of the steps that count
   * @param cpuMs the median processor time of a step
   * @param peakMb the peak resident memory of the process, in MiB
   * @param tokensPerSecond target tokens a second at the median duration
   */
  public record Side(
      double loss, double stepMs, double cpuMs, double peakMb, double tokensPerSecond) {
    static Side of(TrainPlan plan, List<TrainStep> steps) {
      List<TrainStep> counted = steps.subList(1, steps.size());
      double stepMs = Distribution.of(counted.stream().map(TrainStep::stepMs).toList()).p50();
      double cpuMs = Distribution.of(counted.stream().map(TrainStep::cpuMs).toList()).p50();
      return new Side(
          steps.getFirst().loss(),
          stepMs,
          cpuMs,
          steps.getLast().peakMb(),
          plan.targets() / (stepMs / 1e3));
    }
  }

  /** The figures of PyTorch in this version. */
  public record Torch(String version, Side side) {}

  /** Freshet's tokens a second over PyTorch's, if it was measured. */
  public Optional<Double> ratio() {
    return torch.map(other -> freshet.tokensPerSecond() / other.side().tokensPerSecond());
  }
}
