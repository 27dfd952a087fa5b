package dev.freshet.engine;

import dev.freshet.model.ComputeCrew;
import dev.freshet.model.Torch;
import dev.freshet.wire.LogitRules;
import dev.freshet.wire.LogprobsMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Requests with sampling parameters, and rows of logits that are sampled for them. */
final class SamplingRows {
  private SamplingRows() {}

  /** The parameters of a request; those of temperature 1 unless set. */
  record Parameters(
      double temperature,
      double topP,
      int topK,
      double minP,
      LogitRules rules,
      Set<Integer> stopTokens,
      int topLogprobs,
      LogprobsMode mode) {
    static final Parameters PLAIN = at(1);

    static Parameters at(double temperature) {
      return new Parameters(
          temperature, 1, 0, 0, LogitRules.NONE, Set.of(), 0, LogprobsMode.RAW_LOGPROBS);
    }

    Parameters topP(double mass) {
      return new Parameters(temperature, mass, topK, minP, rules, stopTokens, topLogprobs, mode);
    }

    Parameters topK(int most) {
      return new Parameters(temperature, topP, most, minP, rules, stopTokens, topLogprobs, mode);
    }

    Parameters minP(double share) {
      return new Parameters(temperature, topP, topK, share, rules, stopTokens, topLogprobs, mode);
    }

    Parameters rules(LogitRules changes) {
      return new Parameters(temperature, topP, topK, minP, changes, stopTokens, topLogprobs, mode);
    }

    Parameters stopTokens(Integer... ids) {
      return new Parameters(temperature, topP, topK, minP, rules, Set.of(ids), topLogprobs, mode);
    }

    Parameters processed(int alternatives) {
      return new Parameters(
          temperature,
          topP,
          topK,
          minP,
          rules,
          stopTokens,
          alternatives,
          LogprobsMode.PROCESSED_LOGPROBS);
    }

    GenerationRequest request(int[] prompt, int maxTokens, long seed) {
      return new GenerationRequest(
          prompt,
          maxTokens,
          temperature,
          topP,
          topK,
          minP,
          OptionalLong.of(seed),
          stopTokens,
          rules,
          Optional.empty(),
          topLogprobs,
          OptionalInt.empty(),
          mode,
          0,
          Optional.empty(),
          Optional.empty());
    }
  }

  /** A sequence with a prompt and tokens that it generated. */
  static Sequence sequence(Parameters parameters, long seed, int[] prompt, int... generated) {
    Sequence sequence =
        new Sequence(
            parameters.request(prompt, 1000, seed),
            Optional.empty(),
            _ -> {},
            new SplittableRandom(seed),
            1000,
            0,
            _ -> {});
    for (int token : generated) {
      sequence.append(token);
    }
    return sequence;
  }

  /** Samples one token from {@code logits} for each sequence. */
  static List<Sampler.Sample> sample(float[] logits, List<Sequence> sequences) {
    float[] rows = new float[sequences.size() * logits.length];
    for (int row = 0; row < sequences.size(); row++) {
      System.arraycopy(logits, 0, rows, row * logits.length, logits.length);
    }
    try (PointerScope _ = new PointerScope()) {
      Tensor tensor = Torch.floats(rows, sequences.size(), logits.length);
      return new ArrayList<>(new Sampler(ComputeCrew.ALONE).sample(tensor, sequences));
    }
  }

  /** The only sample for one sequence. */
  static Sampler.Sample sample(float[] logits, Sequence sequence) {
    return sample(logits, List.of(sequence)).getFirst();
  }

  /** Normally distributed logits. */
  static float[] normal(int vocab, double deviation, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] logits = new float[vocab];
    for (int i = 0; i < vocab; i++) {
      logits[i] = (float) (deviation * random.nextGaussian());
    }
    return logits;
  }
}
