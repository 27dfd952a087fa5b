package dev.freshet.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.model.ModelWeights;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trainer.algorithm.Algorithm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps that several threads compute. */
class ParallelismTest {
  private static final int PACK_LENGTH = 24;

  /** A large eps makes the update nearly proportional to the gradient. */
  private static final OptimizerConfig SMOOTH =
      new OptimizerConfig(1e-2, 0, 0, 0.9, 0.99, 1, 0.1, 0.5);

  @ParameterizedTest
  @CsvSource({
    "1, 1000, 1, 1",
    "2, 1000, 2, 1",
    "16, 4000000, 16, 1",
    "2, 540000000, 2, 1",
    "8, 540000000, 2, 4",
    "9, 540000000, 1, 9",
    "8, 2400000000, 1, 8"
  })
  void threadsAreWorkersWhileTheirGradientsFitAndServeOneOperationOtherwise(
      int threads, long gradientBytes, int workers, int operationThreads) {
    assertThat(Parallelism.of(threads, gradientBytes))
        .isEqualTo(new Parallelism(workers, operationThreads));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 16})
  void stepsOfAnyNumberOfThreadsAreThoseOfOneThreadToRounding(int threads) {
    List<StepMetrics> expectedSteps = new ArrayList<>();
    Map<String, List<Float>> expected = trained(1, expectedSteps);
    List<StepMetrics> steps = new ArrayList<>();
    Map<String, List<Float>> actual = trained(threads, steps);

    for (int i = 0; i < steps.size(); i++) {
      assertThat(steps.get(i).loss()).isCloseTo(expectedSteps.get(i).loss(), Offset.offset(1e-5));
      assertThat(steps.get(i).quality().entropy())
          .isCloseTo(expectedSteps.get(i).quality().entropy(), Offset.offset(1e-5));
      assertThat(steps.get(i).gradNorm())
          .isCloseTo(expectedSteps.get(i).gradNorm(), Offset.offset(1e-4));
    }
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    List<Float> wanted = expected.values().stream().flatMap(List::stream).toList();
    List<Float> found = actual.values().stream().flatMap(List::stream).toList();
    for (int i = 0; i < wanted.size(); i++) {
      assertThat(found.get(i)).isCloseTo(wanted.get(i), Offset.offset(1e-5f));
    }
  }

  @Test
  void stepsOfTheSameNumberOfThreadsAreEqual() {
    List<StepMetrics> first = new ArrayList<>();
    List<StepMetrics> second = new ArrayList<>();

    assertThat(trained(3, second)).isEqualTo(trained(3, first));
    for (int i = 0; i < first.size(); i++) {
      assertThat(second.get(i).loss()).isEqualTo(first.get(i).loss());
      assertThat(second.get(i).gradNorm()).isEqualTo(first.get(i).gradNorm());
    }
  }

  @Test
  void everyWorkerIsAThreadOfItsOwnThatEndsWithTheModel() throws InterruptedException {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    try (TrainableModel model = model(TinyModel.weights(), 4)) {
      for (int step = 0; step < 2; step++) {
        accumulate(model, threads);
        model.update();
      }
      assertThat(threads).hasSize(4).contains(Thread.currentThread());
    }
    for (Thread thread : threads) {
      assertThat(thread == Thread.currentThread() || thread.join(Duration.ofSeconds(30))).isTrue();
    }
  }

  @Test
  void ifOneWorkerFailsTheStepFailsOnceAllHaveEndedAndLeavesNoGradient() {
    ModelWeights weights = TinyModel.weights();
    ModelWeights untouched = TinyModel.weights();
    try (TrainableModel model = model(weights, 2);
        TrainableModel fresh = model(untouched, 2)) {
      assertThatThrownBy(
              () ->
                  model.accumulate(
                      examples(),
                      PACK_LENGTH,
                      PACK_LENGTH,
                      worker ->
                          (_, scores) -> {
                            if (worker == 1) {
                              throw new TrainerException("no loss");
                            }
                            return scores.logprobs().sum();
                          }))
          .isInstanceOf(TrainerException.class)
          .hasMessage("no loss");

      accumulate(model, ConcurrentHashMap.newKeySet());
      accumulate(fresh, ConcurrentHashMap.newKeySet());
      assertThat(model.update()).isEqualTo(fresh.update());
      assertThat(TinyModel.copy(weights)).isEqualTo(TinyModel.copy(untouched));
    }
  }

  private static void accumulate(TrainableModel model, Set<Thread> threads) {
    model.accumulate(
        examples(),
        PACK_LENGTH,
        PACK_LENGTH,
        _ ->
            (_, scores) -> {
              threads.add(Thread.currentThread());
              return scores.logprobs().sum().mul(new Scalar(-0.1));
            });
  }

  /** The weights after three steps on a batch of many lengths, in several micro-batches. */
  private static Map<String, List<Float>> trained(int threads, List<StepMetrics> steps) {
    ModelWeights weights = TinyModel.weights();
    try (TrainableModel model = model(weights, threads)) {
      PolicyTrainer trainer =
          new PolicyTrainer(
              model,
              TinyModel.objective(Algorithm.GRPO),
              PACK_LENGTH,
              2 * PACK_LENGTH,
              MonotonicClock.SYSTEM);
      List<Rollout> rollouts =
          examples().stream()
              .map(
                  example -> {
                    int generated = example.targets();
                    float[] logprobs = TinyModel.logprobs(weights, example.tokens(), generated);
                    return TinyModel.rollout(example.tokens(), logprobs, generated % 3 - 0.9);
                  })
              .toList();
      for (int step = 1; step <= 3; step++) {
        steps.add(trainer.step(new TrainingBatch(step, rollouts)));
      }
      return TinyModel.copy(weights);
    }
  }

  private static TrainableModel model(ModelWeights weights, int threads) {
    return new TrainableModel(
        weights, new Execution(TrainingPrecision.FLOAT32, threads, false), SMOOTH);
  }

  private static List<Example> examples() {
    Random random = new Random(5);
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < 23; i++) {
      int[] tokens = random.ints(2 + random.nextInt(20), 0, TinyModel.VOCABULARY).toArray();
      examples.add(TinyModel.example(tokens, 1 + random.nextInt(tokens.length - 1)));
    }
    return examples;
  }
}
