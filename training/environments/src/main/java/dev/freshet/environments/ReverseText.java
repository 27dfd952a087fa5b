package dev.freshet.environments;

import dev.freshet.text.Tokenizer;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * The task of writing a string backwards. For the prompt {@code <|bos|>abc<|sep|>} the right answer
 * is {@code cba<|eos|>}; one token a character. The reward is {@code 2·LCS / (n + m)} of the answer
 * and the reversed string, both without the ending token (LCS: the length of their longest common
 * subsequence; n, m: their lengths): 1 if they are equal, 0 if they have no character in common.
 *
 * <p>A hash of the string alone decides whether it is held out, so different seeds and processes
 * agree on the split.
 */
public final class ReverseText implements Environment {
  static final String NAME = "reverse-text";

  /** One string in this many is held out. */
  private static final int HELD_OUT_ONE_IN = 8;

  private static final int MAX_DRAWS = 10_000;

  /** Streams of random draws. */
  private static final long TRAIN = 0;

  private static final long HELD_OUT = 1;
  private static final long SUPERVISED = 2;

  private final Tokenizer tokenizer;
  private final int[] alphabet;
  private final int minLength;
  private final int maxLength;
  private final long seed;
  private final int bos;
  private final int sep;
  private final int eos;

  /**
   * @param tokenizer must have {@code <|bos|>}, {@code <|sep|>}, {@code <|eos|>} and a token for
   *     every character of the alphabet; stays open for as long as the environment is used
   * @param seed decides which strings are drawn
   * @throws EnvironmentException if the tokenizer lacks a token, or too few strings are possible
   *     for a training and a held-out set
   */
  public ReverseText(Tokenizer tokenizer, EnvironmentConfig config, long seed) {
    String letters = config.alphabet();
    this.tokenizer = tokenizer;
    this.alphabet = letters.codePoints().toArray();
    this.minLength = config.minLength();
    this.maxLength = config.maxLength();
    this.seed = seed;
    this.bos = special("<|bos|>");
    this.sep = special("<|sep|>");
    this.eos = special("<|eos|>");
    if (tokenizer.encodeOrdinary(letters).length != alphabet.length) {
      throw new EnvironmentException(
          "reverse-text alphabet '%s': expected characters that are one token of the tokenizer each"
              .formatted(letters));
    }
    problem(Split.TRAIN, 0);
    problem(Split.HELD_OUT, 0);
  }

  private int special(String token) {
    return tokenizer
        .idOf(token)
        .orElseThrow(
            () ->
                new EnvironmentException(
                    "reverse-text: the tokenizer has no token %s: expected a character tokenizer"
                        .formatted(token)));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem problem(Split split, long index) {
    return new Problem(split, index, draw(split, split == Split.TRAIN ? TRAIN : HELD_OUT, index));
  }

  /** A training string with its right answer. */
  @Override
  public Optional<SupervisedPair> supervised(long index) {
    String text = draw(Split.TRAIN, SUPERVISED, index);
    int[] reversed = reversed(text);
    int[] target = Arrays.copyOf(reversed, reversed.length + 1);
    target[reversed.length] = eos;
    return Optional.of(new SupervisedPair(prompt(text), target));
  }

  @Override
  public int[] stopTokenIds() {
    return new int[] {eos};
  }

  @Override
  public Episode start(Problem problem) {
    return new Attempt(prompt(problem.text()), reversed(problem.text()), eos);
  }

  private String draw(Split split, long stream, long index) {
    SplittableRandom random = new SplittableRandom(mix(mix(seed, stream), index));
    for (int i = 0; i < MAX_DRAWS; i++) {
      int length = random.nextInt(minLength, maxLength + 1);
      StringBuilder text = new StringBuilder(length);
      for (int c = 0; c < length; c++) {
        text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
      }
      if (splitOf(text.toString()) == split) {
        return text.toString();
      }
    }
    throw new EnvironmentException(
        "reverse-text: of %d strings drawn from an alphabet of %d characters, %d to %d long, none is in"
                .formatted(MAX_DRAWS, alphabet.length, minLength, maxLength)
            + " the set %s: expected a larger alphabet or longer strings".formatted(split));
  }

  /** The set to which a string belongs. */
  static Split splitOf(String text) {
    long hash = text.codePoints().asLongStream().reduce(0x6672657368657421L, ReverseText::mix);
    return Long.remainderUnsigned(hash, HELD_OUT_ONE_IN) == 0 ? Split.HELD_OUT : Split.TRAIN;
  }

  /** SplitMix64's finalizer applied to {@code state · 31 + value + γ}. */
  private static long mix(long state, long value) {
    long z = state * 31 + value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  private int[] prompt(String text) {
    int[] letters = tokenizer.encodeOrdinary(text);
    int[] prompt = new int[letters.length + 2];
    prompt[0] = bos;
    System.arraycopy(letters, 0, prompt, 1, letters.length);
    prompt[prompt.length - 1] = sep;
    return prompt;
  }

  private int[] reversed(String text) {
    return tokenizer.encodeOrdinary(new StringBuilder(text).reverse().toString());
  }

  /** {@code 2·LCS / (n + m)}; two empty sequences are equal. */
  static double similarity(int[] a, int[] b) {
    if (a.length + b.length == 0) {
      return 1;
    }
    int[] row = new int[b.length + 1];
    for (int x : a) {
      int diagonal = 0;
      for (int j = 1; j <= b.length; j++) {
        int above = row[j];
        row[j] = x == b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1]);
        diagonal = above;
      }
    }
    return 2.0 * row[b.length] / (a.length + b.length);
  }

  private static final class Attempt implements Episode {
    private final int[] prompt;
    private final int[] target;
    private final int eos;
    private int[] answer = {};

    Attempt(int[] prompt, int[] target, int eos) {
      this.prompt = prompt;
      this.target = target;
      this.eos = eos;
    }

    @Override
    public int[] prompt() {
      return prompt;
    }

    @Override
    public Optional<int[]> next(Turn turn) {
      answer = Arrays.stream(turn.tokenIds()).takeWhile(id -> id != eos).toArray();
      return Optional.empty();
    }

    @Override
    public double reward() {
      return similarity(answer, target);
    }
  }
}
