package dev.freshet.server;

import static dev.freshet.engine.Fixture.LLAMA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.text.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Logprobs name tokens that are parts of a character. */
class TokenTextsTest {
  private static final String TEXT = "Hello é there 日本, 🦀\u0301 my";

  static Stream<Path> checkpoints() {
    return Stream.of(LLAMA, LLAMA.resolveSibling("tiny-qwen3"));
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void theBytesOfTokensTogetherAreThoseOfTheirText(Path checkpoint) {
    try (Tokenizer tokenizer = Tokenizer.load(checkpoint)) {
      TokenTexts texts = new TokenTexts(tokenizer, tokenizer.vocabSize());
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (int token : tokenizer.encodeOrdinary(TEXT)) {
        String list = new String(texts.bytesOf(token), StandardCharsets.US_ASCII);
        for (String value : list.split(",")) {
          bytes.write(Integer.parseInt(value));
        }
      }
      assertThat(bytes.toString(StandardCharsets.UTF_8).strip()).isEqualTo(TEXT);
    }
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void tokensBeginWhereTheirTextDoesAlsoAfterPartsOfACharacter(Path checkpoint) {
    try (Tokenizer tokenizer = Tokenizer.load(checkpoint)) {
      TokenTexts texts = new TokenTexts(tokenizer, tokenizer.vocabSize());
      int[] tokens = tokenizer.encodeOrdinary(TEXT);
      int[] offsets = texts.offsets(tokens);
      String whole = " ".repeat(tokenizer.text(tokens[0]).startsWith(" ") ? 1 : 0) + TEXT;

      for (int i = 0; i < tokens.length; i++) {
        String text = tokenizer.text(tokens[i]);
        if (text.indexOf('\uFFFD') < 0) {
          assertThat(whole.substring(whole.offsetByCodePoints(0, offsets[i])))
              .as("token %d", i)
              .startsWith(text);
        }
        assertThat(offsets[i]).isGreaterThanOrEqualTo(i == 0 ? 0 : offsets[i - 1]);
      }
    }
  }
}
