package dev.freshet.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class TextBoundTest {
  @TempDir Path dir;

  @Test
  void theBoundIsTheLongestTokenInDecodedBytes() throws IOException {
    try (Tokenizer bytes = Tokenizer.load(Fixtures.directory("tiny-llama"));
        Tokenizer pieces = Tokenizer.load(Fixtures.byteFallback(dir))) {
      int longest = "<|endoftext|>".length();

      assertThat(bytes.maxTextBytes(1)).hasValue(longest);
      assertThat(bytes.maxTextBytes(100)).hasValue(100L * longest);
      assertThat(bytes.encode("<|endoftext|>".repeat(100))).hasSize(100);
      assertThat(pieces.maxTextBytes(1)).hasValue("▁river".getBytes(StandardCharsets.UTF_8).length);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'type':'NFC'}",
        "{'type':'NFD'}",
        "{'type':'NFKC'}",
        "{'type':'NFKD'}",
        "{'type':'Lowercase'}",
        "{'type':'Replace','pattern':{'String':'river'},'content':'r'}",
        "{'type':'Prepend','prepend':'x'}",
        "{'type':'Sequence','normalizers':[{'type':'NFKC'},{'type':'Lowercase'}]}"
      })
  void noTextThatFitsIsAboveTheBound(String normalizer) throws IOException {
    ObjectNode json = bytes();
    json.set("normalizer", Fixtures.JSON.readTree(normalizer.replace('\'', '"')));
    List<String> shrinking =
        List.of(
            "\u212A",
            "\u03B9\u0308\u0301",
            "\u1100\u1161\u11A8",
            "\uFFA1\uFFC2",
            "\uD835\uDC1E\u0301",
            "\uFF41",
            "\u1FEF",
            "river");
    try (Tokenizer tokenizer = tokenizer(json)) {
      for (String text : shrinking) {
        assertWithin(tokenizer, text.repeat(50));
      }
      Random random = new Random(7);
      for (int i = 0; i < 500; i++) {
        assertWithin(tokenizer, Fixtures.text(random));
      }
    }
  }

  @Test
  void noTextOfAPieceTokenizerThatFitsIsAboveTheBound() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.byteFallback(dir))) {
      Random random = new Random(8);
      for (int i = 0; i < 500; i++) {
        assertWithin(tokenizer, Fixtures.text(random));
      }
      assertWithin(tokenizer, "▁▁".repeat(1000));
      assertWithin(tokenizer, "🌊".repeat(1000));
    }
  }

  private static void assertWithin(Tokenizer tokenizer, String text) {
    assertThat((long) text.getBytes(StandardCharsets.UTF_8).length)
        .as(text)
        .isLessThanOrEqualTo(tokenizer.maxTextBytes(tokenizer.encode(text).length).orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/normalizer={'type':'Strip','strip_left':true,'strip_right':true}",
        "/normalizer={'type':'StripAccents'}",
        "/normalizer={'type':'Replace','pattern':{'Regex':' +'},'content':' '}",
        "/normalizer={'type':'Replace','pattern':{'String':' '},'content':''}",
        "/pre_tokenizer={'type':'Sequence','pretokenizers':[{'type':'WhitespaceSplit'},{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true,'use_regex':true}]}",
        "/pre_tokenizer={'type':'Split','pattern':{'String':' '},'behavior':'Removed','invert':false}",
        "/added_tokens/0/lstrip=true",
        "/added_tokens/0/rstrip=true",
      })
  void aTokenizerThatMayDropCharactersHasNoBound(String change) throws IOException {
    ObjectNode json = bytes();
    String pointer = change.substring(0, change.indexOf('='));
    String value = change.substring(change.indexOf('=') + 1).replace('\'', '"');
    int name = pointer.lastIndexOf('/');
    ((ObjectNode) json.at(pointer.substring(0, name)))
        .set(pointer.substring(name + 1), Fixtures.JSON.readTree(value));

    try (Tokenizer tokenizer = tokenizer(json)) {
      assertThat(tokenizer.maxTextBytes(1)).isEmpty();
    }
  }

  @Test
  void anUnknownWordThatBecomesOneTokenLeavesNoBoundAndOneThatIsAnErrorDoes() throws IOException {
    CharTokenizer characters = new CharTokenizer("ab🦀");
    byte[] file = Objects.requireNonNull(characters.files().get("tokenizer.json"));
    ObjectNode words = (ObjectNode) Fixtures.JSON.readTree(file);
    ((ObjectNode) words.path("model")).put("unk_token", "a");
    ObjectNode unknownBytes = bytes();
    ((ObjectNode) unknownBytes.at("/model/vocab")).remove("Ā");
    ((ArrayNode) unknownBytes.at("/model/merges")).removeAll();

    try (Tokenizer errors = Tokenizer.parse(file, "characters");
        Tokenizer unknown = tokenizer(words);
        Tokenizer drops = tokenizer(unknownBytes)) {
      assertThat(errors.maxTextBytes(2)).hasValue(2L * "<|pad|>".length());
      assertThat(unknown.maxTextBytes(2)).isEmpty();
      assertThat(drops.maxTextBytes(2)).isEmpty();
    }
  }

  private static ObjectNode bytes() throws IOException {
    return (ObjectNode)
        Fixtures.JSON.readTree(
            Files.readString(Fixtures.directory("tiny-llama").resolve("tokenizer.json")));
  }

  private static Tokenizer tokenizer(ObjectNode json) {
    return Tokenizer.parse(Fixtures.JSON.writeValueAsBytes(json), "test");
  }
}
