package dev.freshet.engine;

import dev.freshet.engine.SamplingRows.Parameters;
import dev.freshet.wire.LogitRules;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The distribution that a token is drawn from, by the definitions of the parameters: in 64-bit
 * floats, with the whole vocabulary sorted.
 */
final class ExactDistribution {
  private ExactDistribution() {}

  static double[] of(float[] logits, Parameters parameters, int[] prompt, int... generated) {
    double[] edited = edited(logits, parameters, prompt, generated);
    double[] probabilities =
        softmax(Arrays.stream(edited).map(logit -> logit / parameters.temperature()).toArray());
    List<Integer> order = new ArrayList<>(IntStream.range(0, logits.length).boxed().toList());
    order.sort(Comparator.comparingDouble((Integer token) -> -probabilities[token]));
    double least = parameters.minP() * probabilities[order.getFirst()];
    order.removeIf(token -> probabilities[token] < least || probabilities[token] == 0);
    if (parameters.topK() > 0 && parameters.topK() < order.size()) {
      order = order.subList(0, parameters.topK());
    }
    double total = order.stream().mapToDouble(token -> probabilities[token]).sum();
    double[] kept = new double[logits.length];
    double mass = 0;
    for (int token : order) {
      if (mass >= parameters.topP() * total) {
        break;
      }
      kept[token] = probabilities[token];
      mass += probabilities[token];
    }
    double all = mass;
    return Arrays.stream(kept).map(probability -> probability / all).toArray();
  }

  private static double[] edited(
      float[] logits, Parameters parameters, int[] prompt, int[] generated) {
    LogitRules rules = parameters.rules();
    double[] edited = new double[logits.length];
    for (int token = 0; token < logits.length; token++) {
      double logit = logits[token];
      if (generated.length < rules.minTokens() && parameters.stopTokens().contains(token)) {
        logit = Double.NEGATIVE_INFINITY;
      }
      logit += rules.bias().getOrDefault(token, 0.0);
      long count = count(generated, token);
      if (count + count(prompt, token) > 0) {
        logit = logit > 0 ? logit / rules.repetitionPenalty() : logit * rules.repetitionPenalty();
      }
      logit -= count * rules.frequencyPenalty();
      logit -= count > 0 ? rules.presencePenalty() : 0;
      edited[token] = logit;
    }
    return edited;
  }

  private static long count(int[] tokens, int token) {
    return Arrays.stream(tokens).filter(one -> one == token).count();
  }

  private static double[] softmax(double[] logits) {
    double largest = Arrays.stream(logits).max().orElseThrow();
    double[] powers = Arrays.stream(logits).map(logit -> Math.exp(logit - largest)).toArray();
    double total = Arrays.stream(powers).sum();
    return Arrays.stream(powers).map(power -> power / total).toArray();
  }
}
