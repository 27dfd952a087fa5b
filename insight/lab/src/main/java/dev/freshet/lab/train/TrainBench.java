package dev.freshet.lab.train;

import dev.freshet.lab.LabException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Measures training steps of Freshet and, in turn with them, of PyTorch on the same checkpoint and
 * batch. The first step of each does not count, but their losses must agree.
 */
public final class TrainBench {
  /**
   * The most by which the first losses may differ, as a share: what rounding to bfloat16 in one of
   * them makes, and far less than any other computation would.
   */
  private static final double MOST_DIFFERENCE = 5e-3;

  private TrainBench() {}

  /**
   * Measures.
   *
   * @param checkpoint the model's published checkpoint
   * @param python the interpreter that runs PyTorch, if it is to be measured, too
   * @param dir a directory for files of the measurement
   * @throws LabException if PyTorch cannot be measured or computes another loss
   */
  public static TrainFigures measure(
      TrainPlan plan, Path checkpoint, Optional<String> python, Path dir)
      throws IOException, InterruptedException {
    try (FreshetSteps freshet = new FreshetSteps(checkpoint, plan)) {
      if (python.isEmpty()) {
        return figures(plan, freshet, Optional.empty());
      }
      try (TorchSteps torch =
          new TorchSteps(python.get(), checkpoint, freshet.vocabSize(), plan, dir)) {
        return figures(plan, freshet, Optional.of(torch));
      }
    }
  }

  private static TrainFigures figures(
      TrainPlan plan, FreshetSteps freshet, Optional<TorchSteps> torch)
      throws IOException, InterruptedException {
    List<TrainStep> own = new ArrayList<>();
    List<TrainStep> others = new ArrayList<>();
    for (int step = 0; step <= plan.steps(); step++) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      own.add(freshet.step());
      if (torch.isPresent()) {
        others.add(torch.get().step());
      }
      if (step == 0 && torch.isPresent()) {
        requireSameLoss(own.getFirst().loss(), others.getFirst().loss());
      }
    }
    return new TrainFigures(
        plan,
        freshet.parameters(),
        TrainFigures.Side.of(plan, own),
        torch.map(
            process ->
                new TrainFigures.Torch(process.version(), TrainFigures.Side.of(plan, others))));
  }

  private static void requireSameLoss(double own, double other) {
    if (!(Math.abs(own - other) <= MOST_DIFFERENCE * Math.abs(other))) {
      throw new LabException(
          "the loss of step 1 is %.5f, that of PyTorch %.5f: expected the same, as for the same computation"
              .formatted(own, other));
    }
  }
}
