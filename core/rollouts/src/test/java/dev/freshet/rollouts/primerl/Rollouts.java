package dev.freshet.rollouts.primerl;

import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.SamplingDistribution;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Rollouts of tests, those of {@code make_prime_rl_batch.py} among them. */
final class Rollouts {
  static final Rollout LONG =
      rollout(
          "wordle",
          -1.5,
          0.5,
          new int[] {1, 200, 70_000, 3, 2},
          new float[] {0, 0, 0, -0.5f, -0.25f});
  static final Rollout MIDDLE =
      rollout("reverse-text", 0.75, 1, new int[] {1, 9, 128, 255}, new float[] {0, 0, -2, -0.125f});
  static final Rollout SHORT =
      rollout("reverse-text", 0.5, 1, new int[] {1, 5, 6}, new float[] {0, 0, -0.0625f});

  private Rollouts() {}

  static TrainingBatch batch(Rollout... rollouts) {
    return new TrainingBatch(3, List.of(rollouts));
  }

  /** A rollout of so many tokens, the last of which is generated. */
  static Rollout ofLength(int length) {
    float[] logprobs = new float[length];
    logprobs[length - 1] = -1;
    return rollout("reverse-text", 1, 1, IntStream.range(0, length).toArray(), logprobs);
  }

  /** Tokens with a logprob other than 0 are generated. */
  private static Rollout rollout(
      String environment, double advantage, double temperature, int[] ids, float[] logprobs) {
    boolean[] generated = new boolean[ids.length];
    int[] versions = new int[ids.length];
    Arrays.fill(versions, Trajectory.NO_VERSION);
    for (int i = 0; i < ids.length; i++) {
      generated[i] = logprobs[i] != 0;
      versions[i] = generated[i] ? 2 : Trajectory.NO_VERSION;
    }
    return new Rollout(
        "r" + ids.length,
        "g",
        environment,
        "p",
        new Trajectory(ids, generated, logprobs, versions, new boolean[ids.length]),
        1,
        advantage,
        "stop",
        1,
        2,
        SamplingDistribution.atTemperature(temperature));
  }
}
