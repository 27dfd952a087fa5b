package dev.freshet.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class TokenizerTest {
  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-qwen3"})
  void idsAndTextsEqualThoseOfTransformers(String fixture) throws IOException {
    JsonNode golden =
        Fixtures.JSON.readTree(
            Files.readString(Fixtures.directory(fixture).resolve("golden.json")));
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory(fixture))) {
      for (JsonNode example : golden.path("cases")) {
        int[] ids = ids(example.path("input_ids"));
        assertThat(tokenizer.encode(example.path("text").asString())).containsExactly(ids);
        assertThat(tokenizer.decode(ids, false)).isEqualTo(example.path("decoded").asString());
      }
      for (JsonNode chat : golden.path("chat")) {
        assertThat(tokenizer.encodeOrdinary(chat.path("rendered").asString()))
            .containsExactly(ids(chat.path("input_ids")));
      }
    }
  }

  @Test
  void aSparseFileOfTerabytesIsRefusedBeforeItIsRead(@TempDir Path dir) throws IOException {
    Path file = dir.resolve("tokenizer.json");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(1L << 40);
    }

    assertThatThrownBy(() -> Tokenizer.load(dir))
        .isInstanceOf(TokenizerException.class)
        .hasMessage("tokenizer %s: 1099511627776 bytes: expected at most 134217728", file);
  }

  @Test
  void theTextOfATokenHasTheSpaceThatItHasWithinAText(@TempDir Path dir) throws IOException {
    for (Path file : List.of(Fixtures.byteFallback(dir), Fixtures.metaspace(dir))) {
      try (Tokenizer tokenizer = Tokenizer.load(file)) {
        assertThat(tokenizer.text(tokenizer.idOf("▁river").orElseThrow())).isEqualTo(" river");
        assertThat(tokenizer.text(tokenizer.idOf("iv").orElseThrow())).isEqualTo("iv");
        assertThat(tokenizer.text(tokenizer.idOf("▁").orElseThrow())).isEqualTo(" ");
        assertThat(tokenizer.text(tokenizer.idOf("</s>").orElseThrow())).isEqualTo("</s>");
      }
    }
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-llama"))) {
      for (int id = 0; id < tokenizer.vocabSize(); id++) {
        assertThat(tokenizer.text(id)).isEqualTo(tokenizer.decode(new int[] {id}, false));
      }
    }
  }

  @Test
  void specialTokensAreKnownAndOmittedOnRequest() {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-llama"))) {
      int end = tokenizer.idOf("<|im_end|>").orElseThrow();
      int a = tokenizer.idOf("a").orElseThrow();

      assertThat(tokenizer.decode(new int[] {a, end}, true)).isEqualTo("a");
      assertThat(tokenizer.decode(new int[] {a, end}, false)).isEqualTo("a<|im_end|>");
      assertThat(tokenizer.vocabulary().special()).contains(end).doesNotContain(a);
      assertThat(tokenizer.idOf("no such token")).isEmpty();
      assertThat(tokenizer.vocabulary().tokens())
          .containsEntry(end, "<|im_end|>")
          .containsKey(tokenizer.vocabSize() - 1)
          .doesNotContainKey(tokenizer.vocabSize());
    }
  }

  @Test
  void thePostProcessorsTokensAreAddedOnlyByEncode() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.byteFallback(dir))) {
      int[] ordinary = tokenizer.encodeOrdinary("a river");

      assertThat(tokenizer.encode("a river")[0]).isEqualTo(1);
      assertThat(tokenizer.encode("a river")).endsWith(ordinary).hasSize(ordinary.length + 1);
      assertThat(tokenizer.decode(ordinary, true)).isEqualTo("a river");
    }
  }

  @Test
  void aTextIsNeverTruncated() {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-llama"))) {
      assertThat(tokenizer.encode("7\n".repeat(20_000))).hasSize(40_000);
    }
  }

  @Test
  void anUnpairedSurrogateBecomesTheReplacementCharacter() {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-llama"))) {
      assertThat(tokenizer.encode("a\uD83Cb\uDF0A")).isEqualTo(tokenizer.encode("a\uFFFDb\uFFFD"));
    }
  }

  @Test
  void aMissingOrBrokenFileIsNamedInOneLine() throws IOException {
    assertThatThrownBy(() -> Tokenizer.load(dir.resolve("absent.json")))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("absent.json: no such file");
    Path broken = Files.writeString(dir.resolve("broken.json"), "{\"model\":{\"vocab\":{}");
    assertThatThrownBy(() -> Tokenizer.load(broken))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("broken.json: expected JSON")
        .message()
        .hasLineCount(1);
    Path empty = Files.writeString(dir.resolve("empty.json"), "{}");
    assertThatThrownBy(() -> Tokenizer.load(empty))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("model.vocab is missing");
    Path odd =
        Files.writeString(dir.resolve("odd.json"), "{\"model\":{\"type\":\"Odd\",\"vocab\":{}}}");
    assertThatThrownBy(() -> Tokenizer.load(odd))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("odd.json: cannot be read")
        .message()
        .hasLineCount(1);
  }

  private static int[] ids(JsonNode array) {
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = array.path(i).asInt();
    }
    return ids;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"eos_token\": \"</s>\"} | 2",
        "{\"eos_token\": {\"content\": \"river\", \"lstrip\": false}} | -1",
        "{\"eos_token\": {\"content\": \"<s>\", \"lstrip\": false}} | 1",
        "{\"eos_token\": null} | -1",
        "{} | -1"
      })
  void theEndTokenIsThatOfTheTokenizersConfigurationIfTheVocabularyHasIt(String json, int id)
      throws IOException {
    Fixtures.byteFallback(dir);
    Files.writeString(dir.resolve("tokenizer_config.json"), json);
    try (Tokenizer tokenizer = Tokenizer.load(dir)) {
      assertThat(tokenizer.endToken().orElse(-1)).isEqualTo(id);
    }
  }

  @Test
  void anEndTokenOfAnotherTypeIsRefusedWithItsFile() throws IOException {
    Fixtures.byteFallback(dir);
    Path file = Files.writeString(dir.resolve("tokenizer_config.json"), "{\"eos_token\": 2}");

    assertThatThrownBy(() -> Tokenizer.load(dir))
        .isInstanceOf(TokenizerException.class)
        .hasMessage("%s: eos_token is number: expected a string, or an object with content", file);
  }
}
