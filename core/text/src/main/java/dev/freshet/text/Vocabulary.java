package dev.freshet.text;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * The tokens in a {@code tokenizer.json}: their strings, which are special, and the steps that
 * decode a sequence of them to text. Immutable.
 *
 * @param tokens id to token
 * @param ids token to id
 * @param special ids of the special tokens
 * @param decoders types of the decoding steps in order; empty if the file has none
 * @param bound how much text a number of tokens can stand for
 */
record Vocabulary(
    Map<Integer, String> tokens,
    Map<String, Integer> ids,
    Set<Integer> special,
    List<String> decoders,
    TextBound bound) {
  /**
   * Reads the content of a {@code tokenizer.json}.
   *
   * @param source names the file in errors
   */
  static Vocabulary of(JsonNode root, String source) {
    Map<String, Integer> ids = new HashMap<>();
    JsonNode vocab = root.path("model").path("vocab");
    if (vocab.isObject()) {
      vocab.properties().forEach(entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
    } else if (vocab.isArray()) {
      for (int id = 0; id < vocab.size(); id++) {
        ids.put(vocab.path(id).path(0).asString(), id);
      }
    } else {
      throw new TokenizerException(
          "tokenizer %s: model.vocab is missing: expected an object or an array".formatted(source));
    }
    Set<Integer> special = new HashSet<>();
    for (JsonNode added : root.path("added_tokens")) {
      int id = added.path("id").asInt(-1);
      ids.put(added.path("content").asString(), id);
      if (added.path("special").asBoolean(false)) {
        special.add(id);
      }
    }
    Map<Integer, String> tokens = new HashMap<>();
    ids.forEach((token, id) -> tokens.put(id, token));
    return new Vocabulary(
        Map.copyOf(tokens),
        Map.copyOf(ids),
        Set.copyOf(special),
        TokenizerSteps.of(root.path("decoder")).stream().map(TokenizerSteps::type).toList(),
        TextBound.of(root, ids));
  }

  OptionalInt idOf(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Whether tokens are byte strings, and a text is their concatenation as UTF-8. */
  boolean isByteLevel() {
    return decoders.equals(List.of("ByteLevel"));
  }

  /** A token of letters, if there is one: the shortest, and of those the first. */
  OptionalInt word() {
    return ids.entrySet().stream()
        .filter(entry -> !special.contains(entry.getValue()))
        .filter(entry -> entry.getKey().chars().allMatch(c -> c >= 'a' && c <= 'z'))
        .filter(entry -> !entry.getKey().isEmpty())
        .min(
            Comparator.comparingInt((Map.Entry<String, Integer> entry) -> entry.getKey().length())
                .thenComparing(Map.Entry::getValue))
        .map(entry -> OptionalInt.of(entry.getValue()))
        .orElse(OptionalInt.empty());
  }

  /** One more than the highest id. */
  int size() {
    return tokens.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
  }
}
