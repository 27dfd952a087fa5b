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
 * A tokenizer with one token a character, for small decoders. Its files {@code tokenizer.json} and
 * {@code tokenizer_config.json} load in transformers and in {@link Tokenizer}. Ids: {@code <|pad|>}
 * 0, {@code <|bos|>} 1, {@code <|eos|>} 2, {@code <|sep|>} 3, then the alphabet in order. No tokens
 * are added around a text. A character outside the alphabet is an error, not an unknown token.
 *
 * @param alphabet the characters, each once
 */
public record CharTokenizer(String alphabet) {
  public static final int PAD = 0;
  public static final int BOS = 1;
  public static final int EOS = 2;
  public static final int SEP = 3;

  private static final List<String> SPECIAL = List.of("<|pad|>", "<|bos|>", "<|eos|>", "<|sep|>");

  /** The unknown token. It is in no vocabulary, so an unknown character is an error. */
  private static final String NO_UNKNOWN = "<|unknown characters are errors|>";

  public CharTokenizer {
    if (alphabet.isEmpty()
        || alphabet.codePoints().distinct().count() != alphabet.codePoints().count()) {
      throw new TokenizerException(
          "alphabet '%s': expected one or more characters, each once".formatted(alphabet));
    }
  }

  /** The number of ids, including special tokens. */
  public int vocabSize() {
    return SPECIAL.size() + alphabet.codePointCount(0, alphabet.length());
  }

  /**
   * The ids of a text.
   *
   * @throws TokenizerException at a character outside the alphabet
   */
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

  /** The content of the two files by file name. */
  public Map<String, byte[]> files() {
    return Map.of("tokenizer.json", json(tokenizer()), "tokenizer_config.json", json(config()));
  }

  /** Writes the two files into {@code dir}, which must exist. */
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
      added.add(Fields.addedToken(id, SPECIAL.get(id), true));
    }
    return Fields.of(
        "version", "1.0",
        "added_tokens", added,
        "pre_tokenizer",
            Fields.of(
                "type",
                "Split",
                "pattern",
                Map.of("Regex", "[\\s\\S]"),
                "behavior",
                "Isolated",
                "invert",
                false),
        "decoder", Map.of("type", "Fuse"),
        "model", Fields.of("type", "WordLevel", "vocab", vocab, "unk_token", NO_UNKNOWN));
  }

  private static Map<String, Object> config() {
    return Fields.of(
        "tokenizer_class", "PreTrainedTokenizerFast",
        "pad_token", SPECIAL.get(PAD),
        "bos_token", SPECIAL.get(BOS),
        "eos_token", SPECIAL.get(EOS),
        "sep_token", SPECIAL.get(SEP),
        "clean_up_tokenization_spaces", false);
  }

  private static byte[] json(Map<String, Object> value) {
    return new ObjectMapper()
        .writerWithDefaultPrettyPrinter()
        .writeValueAsString(value)
        .getBytes(StandardCharsets.UTF_8);
  }
}
