package dev.freshet.environments;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Draws the problems of an environment from its seed. A hash of a problem's text alone decides
 * whether it is held out, so different seeds and processes agree on the two sets.
 */
final class Draws {
  /** One problem in this many is held out. */
  private static final int HELD_OUT_ONE_IN = 8;

  private static final int MAX_DRAWS = 10_000;

  /** Streams of random draws. */
  private static final long TRAIN = 0;

  private static final long HELD_OUT = 1;
  private static final long DEMONSTRATIONS = 2;

  private final String environment;
  private final long seed;
  private final Function<SplittableRandom, String> generator;

  /**
   * @param environment its name, for messages
   * @param generator makes the text of a problem
   * @throws EnvironmentException if one of the sets is empty
   */
  Draws(String environment, long seed, Function<SplittableRandom, String> generator) {
    this(environment, seed, generator, List.of(Split.TRAIN, Split.HELD_OUT));
  }

  private Draws(
      String environment,
      long seed,
      Function<SplittableRandom, String> generator,
      List<Split> required) {
    this.environment = environment;
    this.seed = seed;
    this.generator = generator;
    required.forEach(split -> problem(split, 0));
  }

  /** Those of which only the training set is drawn; the held-out set may be empty. */
  static Draws forTraining(
      String environment, long seed, Function<SplittableRandom, String> generator) {
    return new Draws(environment, seed, generator, List.of(Split.TRAIN));
  }

  /** Problem number {@code index} of a set. */
  Problem problem(Split split, long index) {
    return new Problem(split, index, draw(split, split == Split.TRAIN ? TRAIN : HELD_OUT, index));
  }

  /** The text of demonstration number {@code index}, from the training set. */
  String demonstration(long index) {
    return draw(Split.TRAIN, DEMONSTRATIONS, index);
  }

  private String draw(Split split, long stream, long index) {
    SplittableRandom random = new SplittableRandom(mix(mix(seed, stream), index));
    for (int i = 0; i < MAX_DRAWS; i++) {
      String text = generator.apply(random);
      if (splitOf(text) == split) {
        return text;
      }
    }
    throw new EnvironmentException(
        "%s: of %d problems drawn, none is in the set %s: expected settings that allow more problems"
            .formatted(environment, MAX_DRAWS, split));
  }

  /** The set to which a problem belongs. */
  static Split splitOf(String text) {
    long hash = text.codePoints().asLongStream().reduce(0x6672657368657421L, Draws::mix);
    return Long.remainderUnsigned(hash, HELD_OUT_ONE_IN) == 0 ? Split.HELD_OUT : Split.TRAIN;
  }

  /** SplitMix64's finalizer applied to {@code state · 31 + value + γ}. */
  private static long mix(long state, long value) {
    long z = state * 31 + value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
