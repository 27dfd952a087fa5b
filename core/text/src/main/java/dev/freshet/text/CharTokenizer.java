package dev.freshet.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;

/**
 * A vocabulary of single characters for a small decoder, written as the {@code tokenizer.json} and
 * {@code tokenizer_config.json} that transformers and {@link Tokenizer} both load. Ids: {@code
 * <|pad|>} 0, {@code <|bos|>} 1, {@code <|eos|>} 2, {@code <|sep|>} 3, then the alphabet in order.
 * Nothing is added around a text, and a character outside the alphabet is an error, never silently
 * another token.
 *
 * @param alphabet the characters, each once
 */
public record CharTokenizer(String alphabet) {
  public static final int PAD = 0;
  public static final int BOS = 1;
  public static final int EOS = 2;
  public static final int SEP = 3;

  private static final List<String> SPECIAL = List.of("<|pad|>", "<|bos|>", "<|eos|>", "<|sep|>");

  /** Is in no vocabulary, so that an unknown character fails. */
  private static final String NO_UNKNOWN = "<|unknown characters are errors|>";

  public CharTokenizer {
    if (alphabet.isEmpty()
        || alphabet.codePoints().distinct().count() != alphabet.codePoints().count()) {
      throw new TokenizerException(
          "alphabet '%s': expected one or more characters, each once".formatted(alphabet));
    }
  }

  /** How many ids there are, special tokens included. */
  public int vocabSize() {
    return SPECIAL.size() + alphabet.codePointCount(0, alphabet.length());
  }

  /** The ids of a text of the alphabet's characters. */
  public int[] encode(String text) {
    return text.codePoints().map(this::idOf).toArray();
  }

  private int idOf(int codePoint) {
    int at = alphabet.indexOf(codePoint);
    if (at < 0) {
      throw new TokenizerException(
          "character '%s' is not in the alphabet '%s'"
              .formatted(Character.toString(codePoint), alphabet));
    }
    return SPECIAL.size() + alphabet.codePointCount(0, at);
  }

  /** The two files by name. */
  public Map<String, byte[]> files() {
    return Map.of("tokenizer.json", json(tokenizer()), "tokenizer_config.json", json(config()));
  }

  /** Writes the two files into {@code dir}, which exists. */
  public void write(Path dir) throws IOException {
    for (Map.Entry<String, byte[]> file : files().entrySet()) {
      Files.write(dir.resolve(file.getKey()), file.getValue());
    }
  }

  private Map<String, Object> tokenizer() {
    Map<String, Object> vocab = new LinkedHashMap<>();
    SPECIAL.forEach(token -> vocab.put(token, vocab.size()));
    alphabet.codePoints().forEach(c -> vocab.put(Character.toString(c), vocab.size()));
    List<Map<String, Object>> added = new ArrayList<>();
    for (int id = 0; id < SPECIAL.size(); id++) {
      Map<String, Object> token = fields("id", id, "content", SPECIAL.get(id), "special", true);
      List.of("single_word", "lstrip", "rstrip", "normalized")
          .forEach(flag -> token.put(flag, false));
      added.add(token);
    }
    return fields(
        "version", "1.0",
        "added_tokens", added,
        "pre_tokenizer",
            fields(
                "type",
                "Split",
                "pattern",
                Map.of("Regex", "[\\s\\S]"),
                "behavior",
                "Isolated",
                "invert",
                false),
        "decoder", Map.of("type", "Fuse"),
        "model", fields("type", "WordLevel", "vocab", vocab, "unk_token", NO_UNKNOWN));
  }

  private static Map<String, Object> config() {
    return fields(
        "tokenizer_class", "PreTrainedTokenizerFast",
        "pad_token", SPECIAL.get(PAD),
        "bos_token", SPECIAL.get(BOS),
        "eos_token", SPECIAL.get(EOS),
        "sep_token", SPECIAL.get(SEP),
        "clean_up_tokenization_spaces", false);
  }

  private static Map<String, Object> fields(Object... namesAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return fields;
  }

  private static byte[] json(Map<String, Object> value) {
    return new ObjectMapper()
        .writerWithDefaultPrettyPrinter()
        .writeValueAsString(value)
        .getBytes(StandardCharsets.UTF_8);
  }
}
