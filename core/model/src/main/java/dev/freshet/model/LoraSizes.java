package dev.freshet.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The size of an adapter in each layer. Most layers have the common one; PEFT's {@code
 * rank_pattern} and {@code alpha_pattern} give some of them another rank or alpha. A key of these
 * is a regular expression for the last parts of a layer's name, and the first that matches counts.
 *
 * @param ranks ranks by key, in the order of the file
 * @param alphas alphas by key, in the order of the file
 */
record LoraSizes(LoraConfig common, Map<String, Integer> ranks, Map<String, Double> alphas) {
  LoraSizes {
    ranks = Collections.unmodifiableMap(new LinkedHashMap<>(ranks));
    alphas = Collections.unmodifiableMap(new LinkedHashMap<>(alphas));
    ranks.forEach((key, rank) -> checked("rank_pattern", key, rank, common.alpha()));
    alphas.forEach((key, alpha) -> checked("alpha_pattern", key, common.rank(), alpha));
  }

  /** The same size in all layers. */
  LoraSizes(LoraConfig common) {
    this(common, Map.of(), Map.of());
  }

  /** The size in the layer of this name. */
  LoraConfig of(String layer) {
    return new LoraConfig(
        first(ranks, layer).orElse(common.rank()),
        first(alphas, layer).orElse(common.alpha()),
        common.rankStabilized());
  }

  private static <T> Optional<T> first(Map<String, T> byKey, String layer) {
    return byKey.entrySet().stream()
        .filter(entry -> pattern(entry.getKey()).matcher(layer).matches())
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private static Pattern pattern(String key) {
    return Pattern.compile("(.*\\.)?(" + key + ")");
  }

  private static void checked(String setting, String key, int rank, double alpha) {
    try {
      pattern(key);
      new LoraConfig(rank, alpha, false);
    } catch (PatternSyntaxException e) {
      throw new ModelException(
          "%s: %s: expected a regular expression".formatted(setting, e.getDescription()), e);
    } catch (ModelException e) {
      throw new ModelException("%s: %s".formatted(setting, e.getMessage()), e);
    }
  }
}
