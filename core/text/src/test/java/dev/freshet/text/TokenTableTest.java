package dev.freshet.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Tokenizers made of the tables of a GGUF file. */
class TokenTableTest {
  private static final List<String> BYTES = ByteAlphabet.characters().stream().sorted().toList();
  private static final List<String> MERGES = List.of("1 2", "12 3", "123 4", "Ġ 1");

  private static List<String> tokens() {
    List<String> tokens = new ArrayList<>(BYTES);
    MERGES.forEach(merge -> tokens.add(merge.replace(" ", "")));
    tokens.add("<|end|>");
    tokens.add("<think>");
    tokens.add("[PAD]");
    return tokens;
  }

  private static List<Double> types() {
    List<Double> types = new ArrayList<>(Collections.nCopies(tokens().size() - 3, 1.0));
    types.addAll(List.of(3.0, 4.0, 5.0));
    return types;
  }

  private static int end() {
    return tokens().indexOf("<|end|>");
  }

  private static TokenTable table(String pre, Optional<Boolean> addBos) {
    return new TokenTable(
        "gpt2",
        pre,
        tokens(),
        types(),
        MERGES,
        List.of(),
        OptionalInt.of(end()),
        OptionalInt.of(end()),
        OptionalInt.empty(),
        OptionalInt.empty(),
        addBos,
        Optional.empty(),
        Optional.empty(),
        Optional.of("{{ messages }}"));
  }

  private static List<String> encoded(TokenTable table, String text) {
    try (Tokenizer tokenizer = tokenizer(table)) {
      return IntStream.of(tokenizer.encode(text)).mapToObj(table.tokens()::get).toList();
    }
  }

  private static Tokenizer tokenizer(TokenTable table) {
    return Tokenizer.parse(
        Objects.requireNonNull(table.files().get("tokenizer.json")), "of the test");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "gpt-2;     1234 Ġ 12",
        "smollm;    1 2 3 4 Ġ 1 2",
        "starcoder; 1 2 3 4 Ġ 1 2",
        "qwen2;     1 2 3 4 Ġ 1 2",
        "llama-bpe; 123 4 Ġ 12",
        "default;   123 4 Ġ 12",
        "'';        123 4 Ġ 12"
      })
  void theNameOfThePreTokenizerDecidesHowDigitsAreSplit(String pre, String expected) {
    assertThat(encoded(table(pre, Optional.of(false)), "1234 12"))
        .containsExactly(expected.split(" "));
  }

  @Test
  void controlTokensAreSpecialAndAddedOnesAreFoundButNotSpecial() {
    TokenTable table = table("smollm", Optional.empty());
    try (Tokenizer tokenizer = tokenizer(table)) {
      int[] ids = tokenizer.encode("a<|end|><think>b");

      assertThat(ids)
          .containsExactly(
              tokens().indexOf("a"), end(), tokens().indexOf("<think>"), tokens().indexOf("b"));
      assertThat(tokenizer.decode(ids, true)).isEqualTo("a<think>b");
      assertThat(tokenizer.decode(ids, false)).isEqualTo("a<|end|><think>b");
    }
  }

  @Test
  void anUnusedTokenIsNotInTheVocabulary() {
    TokenTable table = table("smollm", Optional.empty());
    try (Tokenizer tokenizer = tokenizer(table)) {
      assertThat(tokenizer.idOf("[PAD]")).isEmpty();
      assertThat(tokenizer.vocabSize()).isEqualTo(tokens().size() - 1);
    }
  }

  @Test
  void aBeginningIsAddedIfTheFileSaysSoOrThePreTokenizerImpliesIt() {
    assertThat(encoded(table("smollm", Optional.of(true)), "a")).containsExactly("<|end|>", "a");
    assertThat(encoded(table("smollm", Optional.empty()), "a")).containsExactly("a");
    assertThat(encoded(table("llama-bpe", Optional.empty()), "a")).containsExactly("<|end|>", "a");
    assertThat(encoded(table("llama-bpe", Optional.of(false)), "a")).containsExactly("a");
  }

  @Test
  void everyTextIsRestored() {
    String text = "ü 日本 👩‍👩‍👧 \n\t x1\r\n  ";
    for (String pre : List.of("gpt-2", "smollm", "qwen2", "llama-bpe", "default")) {
      try (Tokenizer tokenizer = tokenizer(table(pre, Optional.of(false)))) {
        assertThat(tokenizer.decode(tokenizer.encode(text), false)).as(pre).isEqualTo(text);
        assertThat(tokenizer.maxTextBytes(1)).as("%s: a bound for prompts", pre).isPresent();
      }
    }
  }

  @Test
  void theOtherFilesNameTheTokensAndHaveTheTemplate() throws IOException {
    Map<String, byte[]> files = table("smollm", Optional.empty()).files();
    JsonNode config =
        Fixtures.JSON.readTree(Objects.requireNonNull(files.get("tokenizer_config.json")));

    assertThat(config.path("eos_token").asString()).isEqualTo("<|end|>");
    assertThat(config.path("pad_token").isMissingNode()).isTrue();
    assertThat(files.get("chat_template.jinja")).asString().isEqualTo("{{ messages }}");
  }

  @Test
  void theFieldsOfTheFileAreInAFixedOrder() {
    assertThat(table("smollm", Optional.of(true)).files().get("tokenizer.json"))
        .asString(StandardCharsets.UTF_8)
        .startsWith("{\"version\":\"1.0\",\"added_tokens\":[{\"id\":")
        .contains(
            """
            "pre_tokenizer":{"type":"Sequence","pretokenizers":[\
            {"type":"Digits","individual_digits":true},\
            {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]},\
            "post_processor":{"type":"TemplateProcessing","single":[\
            {"SpecialToken":{"id":"<|end|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],\
            "pair":[""");
  }

  @Test
  void sentencePieceGivesTheIdsOfItsOwnLibrary() throws IOException {
    JsonNode file;
    try (InputStream in =
        Objects.requireNonNull(
            TokenTableTest.class.getResourceAsStream("/sentencepiece-bpe.json"))) {
      file = Fixtures.JSON.readTree(in);
    }
    try (Tokenizer tokenizer = tokenizer(sentencePiece(file, strings(file.get("tokens"))))) {
      for (JsonNode example : file.get("cases")) {
        String text = example.get("text").asString();
        int[] ids = example.get("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
        assertThat(tokenizer.encodeOrdinary(text)).as(text).containsExactly(ids);
        assertThat(tokenizer.encode(text)).as(text).startsWith(1);
        assertThat(tokenizer.decode(ids, true)).isEqualTo(text);
      }
    }
  }

  private static List<String> strings(JsonNode array) {
    return array.valueStream().map(JsonNode::asString).toList();
  }

  private static TokenTable sentencePiece(JsonNode file, List<String> tokens) {
    return new TokenTable(
        "llama",
        "default",
        tokens,
        file.get("types").valueStream().map(JsonNode::asDouble).toList(),
        List.of(),
        file.get("scores").valueStream().map(JsonNode::asDouble).toList(),
        OptionalInt.of(1),
        OptionalInt.of(2),
        OptionalInt.of(0),
        OptionalInt.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt-4o", "deepseek-llm"})
  void anotherPreTokenizerIsRefusedByName(String pre) {
    assertThatThrownBy(() -> table(pre, Optional.empty()).files())
        .isInstanceOf(TokenizerException.class)
        .hasMessageStartingWith("tokenizer.ggml.pre '" + pre + "' is not supported")
        .hasMessageContaining("expected one of default, gpt-2, llama-bpe");
  }

  @Test
  void aNameThatIsNoneIsNotRepeatedInTheMessage() {
    for (String pre : List.of("x\ny", "x".repeat(100_000))) {
      assertThatThrownBy(() -> table(pre, Optional.empty()).files())
          .message()
          .startsWith(
              "tokenizer.ggml.pre of %d characters is not supported".formatted(pre.length()))
          .hasSizeLessThan(300)
          .hasLineCount(1);
    }
  }

  private static void refused(
      String expected,
      String model,
      List<String> tokens,
      List<Double> types,
      List<String> merges,
      int eos,
      boolean addBos) {
    assertThatThrownBy(
            () ->
                new TokenTable(
                        model,
                        "smollm",
                        tokens,
                        types,
                        merges,
                        List.of(),
                        OptionalInt.empty(),
                        OptionalInt.of(eos),
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        Optional.of(addBos),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty())
                    .files())
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining(expected);
  }

  @Test
  void aTableThatContradictsItselfIsRefused() {
    List<String> ab = List.of("a", "b", "ab");
    List<Double> all = List.of();
    List<String> none = List.of();
    refused("tokenizer.ggml.model 'bert' is not supported", "bert", ab, all, none, 0, false);
    refused("tokenizer.ggml.tokens is missing", "gpt2", none, all, none, 0, false);
    refused("token_type has 1 entries, expected 3", "gpt2", ab, List.of(1.0), none, 0, false);
    refused("as 0 and as 1", "gpt2", List.of("a", "a"), all, none, 0, false);
    refused("merges: entry 1 merges", "gpt2", ab, all, List.of("a b", "b a"), 0, false);
    refused("merges: entry 0 merges", "gpt2", ab, all, List.of("ab"), 0, false);
    refused("merges: entry 0 merges", "gpt2", ab, all, List.of(""), 0, false);
    refused("add_bos_token is true, but", "gpt2", ab, all, none, 0, true);
    refused("scores is missing", "llama", ab, all, none, 0, false);
    refused("eos_token_id is 99, expected an id below 3", "gpt2", ab, all, none, 99, false);
  }
}
