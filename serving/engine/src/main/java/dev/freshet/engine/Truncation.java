package dev.freshet.engine;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Keeps the most likely tokens of a row of probabilities: those of at least {@code minP} times the
 * largest probability, of these the {@code topK} most likely, of these the smallest set of most
 * likely ones that holds {@code topP} of their mass. Of equally likely tokens the lower ids are
 * kept. Nothing is sorted: the bits of positive floats are ordered as their values, so the least
 * likely kept token is found by counting, ten bits at a time. Not thread-safe.
 */
final class Truncation {
  private static final int DIGIT_BITS = 10;
  private static final int DIGITS = 1 << DIGIT_BITS;

  private static final int BLOCK = 64;

  private final float[] values;

  /** The largest probability of each block, in ascending order. */
  private final float[] maxima;

  private final int[] counts = new int[DIGITS];
  private final double[] masses = new double[DIGITS];

  /** The tokens that are kept or not decided yet. */
  private int[] tokens;

  private int[] kept;
  private int keptCount;
  private double mass;

  Truncation(int vocab) {
    values = new float[vocab];
    maxima = new float[(vocab + BLOCK - 1) / BLOCK];
    tokens = new int[vocab];
    kept = new int[vocab];
  }

  /** Truncates the row of probabilities that begins at {@code offset}. */
  void truncate(FloatBuffer probabilities, int offset, GenerationRequest request) {
    probabilities.get(offset, values);
    boolean bounded = request.minP() > 0 || request.topK() > 0;
    keepAbove(bounded ? least(request) : negligible(request));
    if (request.topK() > 0) {
      keep(request.topK(), Double.POSITIVE_INFINITY);
    }
    if (request.topP() < 1) {
      keep(values.length, request.topP() * (bounded ? mass : 1));
    }
  }

  /** A bound below which no token is kept: the one of minP, or a higher one that topK implies. */
  private double least(GenerationRequest request) {
    for (int block = 0; block < maxima.length; block++) {
      float largest = 0;
      int end = Math.min((block + 1) * BLOCK, values.length);
      for (int token = block * BLOCK; token < end; token++) {
        largest = Math.max(largest, values[token]);
      }
      maxima[block] = largest;
    }
    Arrays.sort(maxima);
    double minP = request.minP() * maxima[maxima.length - 1];
    // As many blocks as there are tokens to keep have a token that is not below this.
    return request.topK() > 0 && request.topK() <= maxima.length
        ? Math.max(minP, maxima[maxima.length - request.topK()])
        : minP;
  }

  /** All tokens below this together have less than the mass that {@code topP} leaves out. */
  private double negligible(GenerationRequest request) {
    return 0.99 * (1 - request.topP()) / values.length;
  }

  private void keepAbove(double least) {
    float bound = Math.max((float) least, Float.MIN_VALUE);
    keptCount = 0;
    mass = 0;
    for (int token = 0; token < values.length; token++) {
      if (values[token] >= bound) {
        kept[keptCount++] = token;
        mass += values[token];
      }
    }
  }

  /**
   * Keeps the most likely of the kept tokens: as few as are {@code most} or hold {@code enough} of
   * the mass.
   */
  private void keep(int most, double enough) {
    int[] swap = tokens;
    tokens = kept;
    kept = swap;
    int undecided = keptCount;
    keptCount = 0;
    mass = 0;
    for (int shift = 2 * DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
      undecided = decide(undecided, shift, most, enough);
    }
    for (int i = 0; i < undecided && keptCount < most && mass < enough; i++) {
      keep(tokens[i]);
    }
  }

  private void keep(int token) {
    kept[keptCount++] = token;
    mass += values[token];
  }

  /**
   * Decides about the undecided tokens by one digit of their bits; they are equal in the digits
   * before it. Returns how many, with the digit of the last kept one, are undecided still.
   */
  private int decide(int undecided, int shift, int most, double enough) {
    Arrays.fill(counts, 0);
    Arrays.fill(masses, 0);
    for (int i = 0; i < undecided; i++) {
      int digit = digit(tokens[i], shift);
      counts[digit]++;
      masses[digit] += values[tokens[i]];
    }
    int last = DIGITS - 1;
    int count = keptCount;
    double sum = mass;
    while (last > 0 && count + counts[last] < most && sum + masses[last] < enough) {
      count += counts[last];
      sum += masses[last];
      last--;
    }
    int left = 0;
    for (int i = 0; i < undecided; i++) {
      int token = tokens[i];
      int digit = digit(token, shift);
      if (digit > last) {
        keep(token);
      } else if (digit == last) {
        tokens[left++] = token;
      }
    }
    return left;
  }

  private int digit(int token, int shift) {
    return (Float.floatToRawIntBits(values[token]) >>> shift) & (DIGITS - 1);
  }

  /** A sample with the logprobs that it has among the kept tokens; others are not listed. */
  Sampler.Sample renormalized(Sampler.Sample sample) {
    float logMass = (float) Math.log(mass);
    return new Sampler.Sample(
        sample.token(), among(sample.logprob(), logMass), renormalized(sample.top(), logMass));
  }

  /** A logprob divided by the mass. Both are rounded, so the only kept token could be above 0. */
  private static float among(float logprob, float logMass) {
    return Math.min(logprob - logMass, 0);
  }

  private List<TokenEvent.TopLogprob> renormalized(List<TokenEvent.TopLogprob> top, float logMass) {
    if (top.isEmpty()) {
      return top;
    }
    BitSet keeps = new BitSet(values.length);
    for (int i = 0; i < keptCount; i++) {
      keeps.set(kept[i]);
    }
    return top.stream()
        .filter(one -> keeps.get(one.token()))
        .map(one -> new TokenEvent.TopLogprob(one.token(), among(one.logprob(), logMass)))
        .toList();
  }

  /**
   * The kept token at which the sum of the probabilities passes {@code uniform} of the mass; 0 if
   * no token has a probability.
   */
  int draw(double uniform) {
    double left = uniform * mass;
    int chosen = 0;
    for (int i = 0; i < keptCount; i++) {
      chosen = kept[i];
      left -= values[chosen];
      if (left < 0) {
        break;
      }
    }
    return chosen;
  }
}
