package dev.freshet.orchestrator;

import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.TensorView;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** A trainer without a model: takes each batch and publishes a tiny checkpoint for it. */
final class TestTrainer implements AutoCloseable {
  /** Called with every batch before its checkpoint is published; may block. */
  interface Gate {
    void pass(TrainingBatch batch) throws InterruptedException;
  }

  final List<TrainingBatch> batches = new CopyOnWriteArrayList<>();

  private final BatchStore rollouts;
  private final CheckpointStore weights;
  private final Gate gate;
  private final Thread thread;

  TestTrainer(BatchStore rollouts, CheckpointStore weights, long steps, Gate gate) {
    this.rollouts = rollouts;
    this.weights = weights;
    this.gate = gate;
    this.thread = Thread.ofPlatform().name("test-trainer").start(() -> train(steps));
  }

  private void train(long steps) {
    try {
      for (long step = 1; step <= steps; step++) {
        if (weights.latest().orElse(0) >= step) {
          continue; // An earlier one published it.
        }
        TrainingBatch batch = rollouts.await(step, Duration.ofSeconds(60));
        batches.add(batch);
        gate.pass(batch);
        publish(weights, step);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (CheckpointException e) {
      if (!Thread.currentThread().isInterrupted()) {
        throw e;
      }
    }
  }

  static void publish(CheckpointStore weights, long step) {
    float[] values = {step, 1, 2, 3};
    weights.publish(
        step,
        step - 1,
        List.of(new TensorView("w", DType.F32, new long[] {4}, MemorySegment.ofArray(values))),
        Map.of());
  }

  @Override
  public void close() throws InterruptedException {
    thread.interrupt();
    thread.join(10_000);
  }
}
