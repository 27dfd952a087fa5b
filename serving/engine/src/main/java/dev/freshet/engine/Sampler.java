package dev.freshet.engine;

import dev.freshet.model.Torch;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Samples the next token of every sequence of a step from the model's logits. A temperature below
 * {@value #GREEDY_BELOW}, by which the logits cannot be divided without overflow, selects the most
 * likely token, the first of equal ones. Otherwise the logits are divided by the temperature,
 * truncated to the {@code topK} most likely tokens, then to the smallest set of most likely tokens
 * that holds {@code topP} of the mass. A token is drawn by inversion with one uniform number, so a
 * seeded completion does not depend on the other sequences.
 */
final class Sampler {
  private static final double GREEDY_BELOW = 1e-5;

  /** Least likely first; of equal ones the higher id first. */
  private static final Comparator<TokenEvent.TopLogprob> BY_LIKELIHOOD =
      Comparator.comparingDouble(TokenEvent.TopLogprob::logprob)
          .thenComparing(TokenEvent.TopLogprob::token, Comparator.reverseOrder());

  private Sampler() {}

  /**
   * A sampled token.
   *
   * @param logprob its logprob at temperature 1 over the whole vocabulary; NaN if the logits are
   *     NaN
   */
  record Sample(int token, float logprob, List<TokenEvent.TopLogprob> top) {}

  /**
   * Samples one token a row.
   *
   * @param logits {@code [rows, vocabSize]}, 32-bit floats
   * @param requests the sampling parameters of each row
   * @param randoms the random source of each row
   */
  static List<Sample> sample(
      Tensor logits, List<GenerationRequest> requests, List<SplittableRandom> randoms) {
    int rows = requests.size();
    int vocab = Math.toIntExact(logits.size(1));
    FloatBuffer logprobs = Torch.floatView(torch.log_softmax(logits, -1).contiguous());
    FloatBuffer probabilities =
        Torch.floatView(torch.softmax(logits.div(temperatures(requests)), -1).contiguous());
    List<Sample> samples = new ArrayList<>(rows);
    for (int row = 0; row < rows; row++) {
      GenerationRequest request = requests.get(row);
      int offset = row * vocab;
      int token =
          request.temperature() < GREEDY_BELOW
              ? mostLikely(logprobs, offset, vocab)
              : draw(probabilities, offset, vocab, request, randoms.get(row).nextDouble());
      samples.add(
          new Sample(
              token,
              logprobs.get(offset + token),
              top(logprobs, offset, vocab, request.topLogprobs())));
    }
    return samples;
  }

  private static Tensor temperatures(List<GenerationRequest> requests) {
    float[] temperatures = new float[requests.size()];
    for (int row = 0; row < temperatures.length; row++) {
      double temperature = requests.get(row).temperature();
      temperatures[row] = temperature < GREEDY_BELOW ? 1 : (float) temperature;
    }
    return Torch.floats(temperatures, temperatures.length, 1);
  }

  private static int mostLikely(FloatBuffer values, int offset, int vocab) {
    int best = 0;
    for (int token = 1; token < vocab; token++) {
      if (values.get(offset + token) > values.get(offset + best)) {
        best = token;
      }
    }
    return best;
  }

  private static int draw(
      FloatBuffer values, int offset, int vocab, GenerationRequest request, double uniform) {
    return (request.topK() > 0 && request.topK() < vocab) || request.topP() < 1
        ? drawTruncated(values, offset, vocab, request, uniform)
        : drawWhole(values, offset, vocab, uniform);
  }

  private static int drawWhole(FloatBuffer values, int offset, int vocab, double uniform) {
    double total = 0;
    for (int token = 0; token < vocab; token++) {
      total += values.get(offset + token);
    }
    double left = uniform * total;
    int last = 0;
    for (int token = 0; token < vocab; token++) {
      float probability = values.get(offset + token);
      if (probability > 0) {
        last = token;
        left -= probability;
        if (left < 0) {
          break;
        }
      }
    }
    return last;
  }

  private static int drawTruncated(
      FloatBuffer values, int offset, int vocab, GenerationRequest request, double uniform) {
    // Probabilities are not negative, so their bits have the same order: sort (probability, token)
    // pairs as longs.
    long[] ordered = new long[vocab];
    for (int token = 0; token < vocab; token++) {
      ordered[token] =
          ((long) Float.floatToIntBits(values.get(offset + token)) << 32) | (vocab - 1 - token);
    }
    Arrays.sort(ordered);
    int kept = request.topK() > 0 ? Math.min(request.topK(), vocab) : vocab;
    double total = 0;
    for (int i = 0; i < kept; i++) {
      total += probability(ordered, i);
    }
    double mass = 0;
    int nucleus = 0;
    while (nucleus < kept && mass < request.topP() * total) {
      mass += probability(ordered, nucleus++);
    }
    double left = uniform * mass;
    int chosen = 0;
    while (chosen < nucleus - 1 && (left -= probability(ordered, chosen)) >= 0) {
      chosen++;
    }
    return vocab - 1 - (int) ordered[vocab - 1 - chosen];
  }

  /** The probability of the {@code rank}-th most likely token. */
  private static float probability(long[] ordered, int rank) {
    return Float.intBitsToFloat((int) (ordered[ordered.length - 1 - rank] >>> 32));
  }

  private static List<TokenEvent.TopLogprob> top(
      FloatBuffer logprobs, int offset, int vocab, int count) {
    if (count == 0) {
      return List.of();
    }
    PriorityQueue<TokenEvent.TopLogprob> best = new PriorityQueue<>(BY_LIKELIHOOD);
    for (int token = 0; token < vocab; token++) {
      float logprob = logprobs.get(offset + token);
      if (best.size() < count) {
        best.add(new TokenEvent.TopLogprob(token, logprob));
      } else if (logprob > best.element().logprob()) {
        best.remove();
        best.add(new TokenEvent.TopLogprob(token, logprob));
      }
    }
    return best.stream().sorted(BY_LIKELIHOOD.reversed()).toList();
  }
}
