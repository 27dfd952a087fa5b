package dev.freshet.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Holds the encoder against Hugging Face's library, which reads the same file. */
class ByteLevelEncoderTest {
  /** The planes after it hold ideographs only. */
  private static final int IDEOGRAPHS = 0x20000;

  /** The kinds that are supported. */
  enum Kind {
    GPT2,
    SMOLLM,
    LLAMA3,
    QWEN2
  }

  private static List<Map<String, Object>> steps(Kind kind) {
    return switch (kind) {
      case GPT2 -> List.of(byteLevel(false, true));
      case SMOLLM ->
          List.of(Fields.of("type", "Digits", "individual_digits", true), byteLevel(false, true));
      case LLAMA3 -> split(ByteLevelTokenizer.LLAMA3);
      case QWEN2 -> split(ByteLevelTokenizer.QWEN2);
    };
  }

  private static Map<String, Object> byteLevel(boolean prefix, boolean splits) {
    return Fields.of(
        "type", "ByteLevel", "add_prefix_space", prefix, "trim_offsets", true, "use_regex", splits);
  }

  private static List<Map<String, Object>> split(String regex) {
    return List.of(
        Fields.of(
            "type",
            "Split",
            "pattern",
            Fields.of("Regex", regex),
            "behavior",
            "Isolated",
            "invert",
            false),
        byteLevel(false, false));
  }

  /**
   * A tokenizer whose tokens show where words end: letters, digits, signs and spaces are joined
   * with any byte that follows them in a word.
   */
  private static ObjectNode file(Kind kind) throws IOException {
    ObjectNode root =
        (ObjectNode)
            Fixtures.JSON.readTree(
                Files.readString(Fixtures.directory("tiny-llama").resolve("tokenizer.json")));
    ObjectNode model = (ObjectNode) root.path("model");
    ObjectNode vocab = (ObjectNode) model.path("vocab");
    ArrayNode merges = (ArrayNode) model.path("merges");
    int next = 1000;
    for (char left : "a1? r".toCharArray()) {
      for (int b = 0; b < 256; b++) {
        String first = ByteAlphabet.written(new byte[] {(byte) left});
        String second = ByteAlphabet.written(new byte[] {(byte) b});
        if (!vocab.has(first + second)) {
          vocab.put(first + second, next++);
          merges.addArray().add(first).add(second);
        }
      }
    }
    root.set(
        "pre_tokenizer",
        Fixtures.JSON.valueToTree(Fields.of("type", "Sequence", "pretokenizers", steps(kind))));
    if (kind == Kind.QWEN2) {
      root.set("normalizer", Fixtures.JSON.valueToTree(Fields.of("type", "NFC")));
    }
    if (kind == Kind.LLAMA3) {
      model.put("ignore_merges", true);
      root.set("post_processor", Fixtures.JSON.valueToTree(around()));
    }
    return root;
  }

  /** A post-processor with one token before a text and two after it. */
  private static Map<String, Object> around() {
    Map<String, Object> text = Fields.of("Sequence", Fields.of("id", "A", "type_id", 0));
    Map<String, Object> begin = Fields.of("SpecialToken", Fields.of("id", "b", "type_id", 0));
    Map<String, Object> end = Fields.of("SpecialToken", Fields.of("id", "e", "type_id", 0));
    Map<String, Object> template =
        Fields.of(
            "type",
            "TemplateProcessing",
            "single",
            List.of(begin, text, end, end),
            "pair",
            List.of(text, Fields.of("Sequence", Fields.of("id", "B", "type_id", 1))),
            "special_tokens",
            Fields.of(
                "b", Fields.of("id", "b", "ids", List.of(1), "tokens", List.of("b")),
                "e", Fields.of("id", "e", "ids", List.of(2), "tokens", List.of("e"))));
    return Fields.of("type", "Sequence", "processors", List.of(byteLevel(true, true), template));
  }

  private static ByteLevelEncoder encoder(JsonNode root) {
    return ByteLevelEncoder.of(root, Vocabulary.of(root, "test").ids()).orElseThrow();
  }

  private static Tokenizer tokenizer(JsonNode root) {
    return Tokenizer.parse(root.toString().getBytes(StandardCharsets.UTF_8), "test");
  }

  @ParameterizedTest
  @EnumSource
  void randomTextsHaveTheIdsOfTheLibrary(Kind kind) throws IOException {
    JsonNode root = file(kind);
    ByteLevelEncoder encoder = encoder(root);
    Random random = new Random(1);
    int own = 0;
    try (Tokenizer tokenizer = tokenizer(root)) {
      for (int i = 0; i < 500; i++) {
        String text = defined(Fixtures.text(random) + Fixtures.text(random).replace('a', ' '));
        for (boolean addSpecial : List.of(false, true)) {
          int[] ids = encoder.encode(text, addSpecial);
          if (ids != null) {
            own++;
            assertThat(ids).as(text).isEqualTo(tokenizer.libraryIds(text, addSpecial));
          }
        }
      }
    }
    assertThat(own).isGreaterThan(200);
  }

  private static String defined(String text) {
    int[] known = text.codePoints().filter(Character::isDefined).toArray();
    return new String(known, 0, known.length);
  }

  @Test
  void aTextWithACharacterThatJavaDoesNotKnowIsLeftToTheLibrary() throws IOException {
    assertThat(encoder(file(Kind.GPT2)).encode("a\u0378", false)).isNull();
  }

  @ParameterizedTest
  @EnumSource
  void everyCharacterHasTheClassThatTheLibraryGivesIt(Kind kind) throws IOException {
    JsonNode root = file(kind);
    ByteLevelEncoder encoder = encoder(root);
    try (Tokenizer tokenizer = tokenizer(root)) {
      for (int first = 0; first < IDEOGRAPHS; first += 64) {
        String text = around(first, first + 64);
        int[] ids = encoder.encode(text, false);
        if (ids != null) {
          boolean equal = Arrays.equals(ids, tokenizer.libraryIds(text, false));
          assertThat(equal).as("from U+%04X", first).isTrue();
        }
      }
    }
  }

  /** Each character after a letter, a digit, a sign and a space. */
  private static String around(int from, int end) {
    StringBuilder text = new StringBuilder();
    for (int c = from; c < end; c++) {
      boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
      if (!surrogate && Character.isDefined(c)) {
        for (String before : List.of("a", "1", "?", " '", "  ")) {
          text.append(before).appendCodePoint(c);
        }
      }
    }
    return text.toString();
  }

  @Test
  void moreDistinctWordsThanAreKeptHaveTheIdsOfTheLibrary() throws IOException {
    JsonNode root = file(Kind.GPT2);
    ByteLevelEncoder encoder = encoder(root);
    Random random = new Random(2);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 40_000; i++) {
      text.append(' ').append(Integer.toString(random.nextInt(1 << 20), 36));
    }
    try (Tokenizer tokenizer = tokenizer(root)) {
      assertThat(encoder.encode(text.toString(), false))
          .isEqualTo(tokenizer.libraryIds(text.toString(), false));
    }
  }

  @Test
  void longWordsAreMergedAsByTheLibraryAndLongerOnesAreLeftToIt() throws IOException {
    JsonNode root = file(Kind.GPT2);
    ByteLevelEncoder encoder = encoder(root);
    String word = "river".repeat(3_000);
    try (Tokenizer tokenizer = tokenizer(root)) {
      assertThat(encoder.encode(word, false)).isEqualTo(tokenizer.libraryIds(word, false));
      assertThat(encoder.encode(word + word, false)).isNull();
      assertThat(tokenizer.encodeOrdinary(word + word))
          .isEqualTo(tokenizer.libraryIds(word + word, false));
    }
  }

  @Test
  void aTextWithAByteThatHasNoTokenIsLeftToTheLibrary() throws IOException {
    ObjectNode root = file(Kind.GPT2);
    Map<String, Integer> ids = new HashMap<>(Vocabulary.of(root, "test").ids());
    ids.remove(ByteAlphabet.written(new byte[] {4}));
    ((ArrayNode) root.path("model").path("merges")).removeAll();
    ByteLevelEncoder encoder = ByteLevelEncoder.of(root, ids).orElseThrow();

    assertThat(encoder.encode("river\u0004", false)).isNull();
    assertThat(encoder.encode("river\u0005", false)).hasSize(6);
  }

  @Test
  void aFileWithAStepThatIsNotSupportedIsLeftToTheLibrary() throws IOException {
    ObjectNode prefix = file(Kind.GPT2);
    prefix.set("pre_tokenizer", Fixtures.JSON.valueToTree(byteLevel(true, true)));
    ObjectNode regex = file(Kind.GPT2);
    regex.set(
        "pre_tokenizer",
        Fixtures.JSON.valueToTree(
            Fields.of("type", "Sequence", "pretokenizers", split("\\p{L}+|[^\\p{L}]"))));
    ObjectNode lower = file(Kind.GPT2);
    lower.set("normalizer", Fixtures.JSON.valueToTree(Fields.of("type", "Lowercase")));
    ObjectNode stripping = file(Kind.GPT2);
    ((ObjectNode) stripping.path("added_tokens").path(0)).put("lstrip", true);
    ObjectNode dropout = file(Kind.GPT2);
    ((ObjectNode) dropout.path("model")).put("dropout", 0.1);
    ObjectNode processor = file(Kind.GPT2);
    processor.set("post_processor", Fixtures.JSON.valueToTree(Fields.of("type", "BertProcessing")));

    for (JsonNode root : List.of(prefix, regex, lower, stripping, dropout, processor)) {
      assertThat(ByteLevelEncoder.of(root, Vocabulary.of(root, "test").ids())).isEmpty();
    }
  }
}
