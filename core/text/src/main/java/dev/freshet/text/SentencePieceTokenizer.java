package dev.freshet.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * SentencePiece's BPE with byte fallback from a {@link TokenTable}. The file has a score for each
 * token instead of merges: of two neighbours that make a token, those of the highest score are
 * merged first. The merges are all ways to make each token of two others, by descending score.
 */
final class SentencePieceTokenizer {
  private static final String SPACE = "▁";

  /** SentencePiece makes tokens of at most some dozens of characters; longer ones have no merge. */
  private static final int LONGEST = 512;

  private SentencePieceTokenizer() {}

  /** A merge that makes a token of the given score. */
  private record Merge(String left, String right, double score, int id) {}

  /** The content of a {@code tokenizer.json}. */
  static Map<String, Object> json(TokenTable table) {
    if (table.scores().isEmpty()) {
      throw new TokenizerException(
          "tokenizer.ggml.scores is missing: expected a score for each token of a SentencePiece model");
    }
    boolean prefix = table.addSpacePrefix().orElse(true);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("version", "1.0");
    json.put("added_tokens", table.addedTokens());
    List<Object> normalizers = new ArrayList<>();
    List<Object> decoders = new ArrayList<>();
    decoders.add(replace(SPACE, " "));
    decoders.add(Fields.of("type", "ByteFallback"));
    decoders.add(Fields.of("type", "Fuse"));
    if (prefix) {
      normalizers.add(Fields.of("type", "Prepend", "prepend", SPACE));
      decoders.add(Fields.of("type", "Strip", "content", " ", "start", 1, "stop", 0));
    }
    normalizers.add(replace(" ", SPACE));
    json.put("normalizer", Fields.of("type", "Sequence", "normalizers", normalizers));
    table.around(true).ifPresent(step -> json.put("post_processor", step));
    json.put("decoder", Fields.of("type", "Sequence", "decoders", decoders));
    json.put("model", model(table));
    return json;
  }

  private static Map<String, Object> replace(String from, String to) {
    return Fields.of("type", "Replace", "pattern", Fields.of("String", from), "content", to);
  }

  private static Map<String, Object> model(TokenTable table) {
    Map<String, Integer> vocabulary = table.vocabulary();
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "BPE");
    model.put("unk_token", table.token("unknown_token_id", table.unknown().orElse(0)));
    model.put("fuse_unk", true);
    model.put("byte_fallback", true);
    model.put("ignore_merges", false);
    model.put("vocab", vocabulary);
    model.put(
        "merges",
        merges(table, vocabulary).stream()
            .map(merge -> List.of(merge.left(), merge.right()))
            .toList());
    return model;
  }

  private static List<Merge> merges(TokenTable table, Map<String, Integer> vocabulary) {
    List<Merge> merges = new ArrayList<>();
    vocabulary.forEach(
        (token, id) -> {
          for (int cut = 1; cut < token.length() && token.length() <= LONGEST; cut++) {
            String left = token.substring(0, cut);
            String right = token.substring(cut);
            if (vocabulary.containsKey(left) && vocabulary.containsKey(right)) {
              merges.add(new Merge(left, right, table.scores().get(id), id));
            }
          }
        });
    merges.sort(
        Comparator.comparingDouble(Merge::score)
            .reversed()
            .thenComparingInt(Merge::id)
            .thenComparing(merge -> merge.left().length(), Comparator.reverseOrder()));
    return merges;
  }
}
