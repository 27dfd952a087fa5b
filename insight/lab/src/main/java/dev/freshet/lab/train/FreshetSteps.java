package dev.freshet.lab.train;

import dev.freshet.process.Memory;
import dev.freshet.trainer.Example;
import dev.freshet.trainer.Execution;
import dev.freshet.trainer.OptimizerConfig;
import dev.freshet.trainer.SupervisedTrainer;
import dev.freshet.trainer.TrainableModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** Steps of Freshet's trainer in this process, on the thread that makes and closes them. */
final class FreshetSteps implements AutoCloseable {
  private static final OptimizerConfig OPTIMIZER =
      new OptimizerConfig(TrainPlan.LR, 0, 0, 0.9, 0.95, 1e-8, 0, 1);

  private final TrainableModel model;
  private final SupervisedTrainer trainer;
  private final List<Example> batch;

  FreshetSteps(Path checkpoint, TrainPlan plan) {
    this.model =
        new TrainableModel(
            TrainableModel.read(checkpoint, plan.tokens()),
            new Execution(plan.precision(), plan.threads(), plan.recomputes()),
            OPTIMIZER);
    this.trainer = new SupervisedTrainer(model, plan.tokens(), plan.microTokens(), 0);
    this.batch =
        Arrays.stream(plan.batch(model.config().vocabSize())).map(TrainPlan::example).toList();
  }

  /** The size of the model's vocabulary. */
  int vocabSize() {
    return model.config().vocabSize();
  }

  /** The number of the model's parameters. */
  long parameters() {
    return model.views().stream().mapToLong(view -> view.data().byteSize() / Float.BYTES).sum();
  }

  /** Takes one step. */
  TrainStep step() {
    long start = System.nanoTime();
    Duration before = cpu();
    double loss = trainer.step(batch);
    double stepMs = (System.nanoTime() - start) / 1e6;
    return new TrainStep(loss, stepMs, cpu().minus(before).toMillis(), Memory.peakMb());
  }

  private static Duration cpu() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }

  @Override
  public void close() {
    model.close();
  }
}
