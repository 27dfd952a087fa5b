package dev.freshet.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Byte-level BPE from a {@link TokenTable}. The splitting before BPE is not in the file but implied
 * by the name {@code tokenizer.ggml.pre}; the expressions are those of the models' own tokenizers,
 * and for {@code default} those of llama.cpp.
 */
final class ByteLevelTokenizer {
  static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  static final String LLAMA3 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  static final String QWEN2 = LLAMA3.replace("{1,3}", "");
  private static final String KNOWN =
      "default, gpt-2, llama-bpe, llama3, llama-v3, qwen2, deepseek-r1-qwen, smollm, starcoder";

  private ByteLevelTokenizer() {}

  /** The content of a {@code tokenizer.json}. */
  static Map<String, Object> json(TokenTable table) {
    boolean llama3 = isLlama3(table.pre());
    boolean prefix = table.addSpacePrefix().orElse(false);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("version", "1.0");
    json.put("added_tokens", table.addedTokens());
    if (table.pre().equals("qwen2")) {
      json.put("normalizer", Fields.of("type", "NFC"));
    }
    json.put(
        "pre_tokenizer",
        Fields.of("type", "Sequence", "pretokenizers", splitting(table.pre(), prefix)));
    table.around(llama3).ifPresent(step -> json.put("post_processor", step));
    json.put("decoder", byteLevel(prefix, true));
    json.put("model", model(table, llama3));
    return json;
  }

  private static boolean isLlama3(String pre) {
    return pre.equals("llama-bpe") || pre.equals("llama3") || pre.equals("llama-v3");
  }

  private static Map<String, Object> model(TokenTable table, boolean ignoreMerges) {
    Map<String, Integer> vocabulary = table.vocabulary();
    List<List<String>> merges = new ArrayList<>();
    for (String merge : table.merges()) {
      int space = merge.indexOf(' ', 1);
      String left = space < 0 ? merge : merge.substring(0, space);
      String right = space < 0 ? "" : merge.substring(space + 1);
      for (String token : List.of(left, right, left + right)) {
        if (!vocabulary.containsKey(token)) {
          throw new TokenizerException(
              "tokenizer.ggml.merges: entry %d merges or makes what is not a token"
                  .formatted(merges.size()));
        }
      }
      merges.add(List.of(left, right));
    }
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "BPE");
    model.put("byte_fallback", false);
    model.put("ignore_merges", ignoreMerges);
    model.put("vocab", vocabulary);
    model.put("merges", merges);
    return model;
  }

  /** The steps that split a text; the last one writes its bytes as characters. */
  private static List<Map<String, Object>> splitting(String pre, boolean prefix) {
    if (isLlama3(pre)) {
      return split(prefix, LLAMA3);
    }
    return switch (pre) {
      case "qwen2", "deepseek-r1-qwen" -> split(prefix, QWEN2);
      case "smollm", "starcoder" ->
          List.of(Fields.of("type", "Digits", "individual_digits", true), byteLevel(prefix, true));
      case "gpt-2" -> List.of(byteLevel(prefix, true));
      case "default", "" ->
          split(prefix, "[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]");
      default ->
          throw new TokenizerException(
              "tokenizer.ggml.pre %s is not supported: expected one of %s"
                  .formatted(TokenTable.name(pre), KNOWN));
    };
  }

  private static List<Map<String, Object>> split(boolean prefix, String... expressions) {
    return Stream.concat(
            Stream.of(expressions)
                .map(
                    expression ->
                        Fields.of(
                            "type",
                            "Split",
                            "pattern",
                            Fields.of("Regex", expression),
                            "behavior",
                            "Isolated",
                            "invert",
                            false)),
            Stream.of(byteLevel(prefix, false)))
        .toList();
  }

  private static Map<String, Object> byteLevel(boolean prefix, boolean split) {
    return Fields.of(
        "type", "ByteLevel", "add_prefix_space", prefix, "trim_offsets", true, "use_regex", split);
  }
}
