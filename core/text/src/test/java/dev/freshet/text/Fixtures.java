package dev.freshet.text;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import tools.jackson.databind.ObjectMapper;

/** Tokenizers and random texts for tests. */
public final class Fixtures {
  public static final ObjectMapper JSON = new ObjectMapper();

  private static final String[] PIECES = {
    "a",
    "river",
    " ",
    "  ",
    "\n",
    "\t",
    "\0",
    "é",
    "e\u0301",
    "Ü",
    "→",
    "水",
    "日本語",
    "🌊",
    "👩‍👩‍👧‍👦",
    "🇳🇴",
    "\uFFFD",
    "ض",
    "\u200B",
    "\uFEFF",
    "𝒳",
    "<|im_end|>",
    "▁",
    "<0x41>",
    "</s>",
    "1234",
    "'re",
    "ffi",
    "\u0000"
  };

  private Fixtures() {}

  public static Path directory(String name) {
    return Path.of(
        URI.create(Objects.requireNonNull(Fixtures.class.getResource("/" + name)).toString()));
  }

  /**
   * A string of up to 24 pieces: words, emoji, combining and wide characters, or any code point.
   */
  public static String text(Random random) {
    StringBuilder text = new StringBuilder();
    int pieces = random.nextInt(25);
    for (int i = 0; i < pieces; i++) {
      if (random.nextInt(4) == 0) {
        int c = random.nextInt(Character.MAX_CODE_POINT + 1);
        text.appendCodePoint(c >= 0xD800 && c <= 0xDFFF ? 'x' : c);
      } else {
        text.append(PIECES[random.nextInt(PIECES.length)]);
      }
    }
    return text.toString();
  }

  /** A SentencePiece-like tokenizer as Llama 2 has it: Metaspace by normalizer, byte fallback. */
  public static Path byteFallback(Path dir) throws IOException {
    return sentencePiece(
        dir,
        Map.of(
            "type",
            "Sequence",
            "decoders",
            List.of(
                Map.of("type", "Replace", "pattern", Map.of("String", "▁"), "content", " "),
                Map.of("type", "ByteFallback"),
                Map.of("type", "Fuse"),
                Map.of("type", "Strip", "content", " ", "start", 1, "stop", 0))));
  }

  /** The same with the decoder of newer conversions, which knows no bytes. */
  public static Path metaspace(Path dir) throws IOException {
    return sentencePiece(
        dir,
        Map.of("type", "Metaspace", "replacement", "▁", "prepend_scheme", "always", "split", true));
  }

  /** The same with the decoder of BERT-like tokenizers, which joins tokens by spaces. */
  public static Path wordPiece(Path dir) throws IOException {
    return sentencePiece(dir, Map.of("type", "WordPiece", "prefix", "##", "cleanup", true));
  }

  private static Path sentencePiece(Path dir, Map<String, Object> decoder) throws IOException {
    Map<String, Integer> vocab = new LinkedHashMap<>();
    List.of("<unk>", "<s>", "</s>").forEach(token -> vocab.put(token, vocab.size()));
    for (int b = 0; b < 256; b++) {
      vocab.put("<0x%02X>".formatted(b), vocab.size());
    }
    List.of("▁", "a", "b", "r", "i", "v", "e", "水", "▁a", "▁r", "iv", "er", "▁riv", "▁river", "▁▁")
        .forEach(token -> vocab.put(token, vocab.size()));
    List<String> merges = List.of("▁ a", "▁ r", "i v", "e r", "▁r iv", "▁riv er", "▁ ▁");
    List<Map<String, Object>> added = new ArrayList<>();
    for (int id = 0; id < 3; id++) {
      added.add(
          Map.of(
              "id", id,
              "content", List.of("<unk>", "<s>", "</s>").get(id),
              "special", true,
              "single_word", false,
              "lstrip", false,
              "rstrip", false,
              "normalized", false));
    }
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("version", "1.0");
    root.put("added_tokens", added);
    root.put(
        "normalizer",
        Map.of(
            "type",
            "Sequence",
            "normalizers",
            List.of(
                Map.of("type", "Prepend", "prepend", "▁"),
                Map.of("type", "Replace", "pattern", Map.of("String", " "), "content", "▁"))));
    root.put(
        "post_processor",
        Map.of(
            "type", "TemplateProcessing",
            "single",
                List.of(
                    Map.of("SpecialToken", Map.of("id", "<s>", "type_id", 0)),
                    Map.of("Sequence", Map.of("id", "A", "type_id", 0))),
            "pair",
                List.of(
                    Map.of("Sequence", Map.of("id", "A", "type_id", 0)),
                    Map.of("Sequence", Map.of("id", "B", "type_id", 1))),
            "special_tokens",
                Map.of("<s>", Map.of("id", "<s>", "ids", List.of(1), "tokens", List.of("<s>")))));
    root.put("decoder", decoder);
    root.put(
        "model",
        Map.of(
            "type",
            "BPE",
            "unk_token",
            "<unk>",
            "fuse_unk",
            true,
            "byte_fallback",
            true,
            "vocab",
            vocab,
            "merges",
            merges));
    Path file = dir.resolve("tokenizer.json");
    Files.writeString(file, JSON.writeValueAsString(root));
    return file;
  }
}
