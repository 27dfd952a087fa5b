package dev.freshet.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.text.Fixtures;
import dev.freshet.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainTextTest {
  private static final int MOST = 32;

  private static long after(ByteGrammar grammar, String text) {
    long state = grammar.start();
    for (byte value : text.getBytes(StandardCharsets.UTF_8)) {
      state = grammar.next(state, value & 0xFF);
    }
    return state;
  }

  private static int free(ByteGrammar grammar, String text) {
    return new PlainText(grammar).free(after(grammar, text), MOST);
  }

  @Test
  void anyNumberOfPlainCharactersMayFollowInAString() {
    ByteGrammar grammar = Grammars.jsonObject();
    assertThat(free(grammar, "{")).isZero();
    assertThat(free(grammar, "{\"a")).isEqualTo(MOST);
    assertThat(free(grammar, "{\"a\\")).isZero();
    assertThat(free(Grammars.pattern(".*"), "a")).isEqualTo(MOST);
    assertThat(free(Grammars.pattern("[^,]*"), "a")).isZero();
    assertThat(free(Grammars.pattern("[a-z]*"), "a")).isZero();
  }

  @Test
  void inAStringOfLimitedLengthTheRestOfItMayFollow() {
    ByteGrammar grammar = Grammars.schema(Map.of("type", "string", "maxLength", 20L));
    assertThat(free(grammar, "\"")).isEqualTo(20);
    assertThat(free(grammar, "\"ab€\\n")).isEqualTo(16);
    assertThat(free(grammar, "\"" + "a".repeat(20))).isZero();
    ByteGrammar longer =
        Grammars.schema(Map.of("type", "string", "minLength", 90L, "maxLength", 100L));
    assertThat(free(longer, "\"")).isEqualTo(MOST);
  }

  @Test
  void upToATagItsLengthMayFollow() {
    ByteGrammar grammar = Grammars.after("</think>", Grammars.choice(List.of("a")));
    assertThat(free(grammar, "any")).isEqualTo("</think>".length());
    assertThat(free(grammar, "any</")).isEqualTo("think>".length());
  }

  @Test
  void plainBytesAreWholeCharactersWithoutQuotesEscapesAndControls() {
    for (String plain : List.of("a", " the", "é", "日本", "\u007f", "😀")) {
      assertThat(PlainText.characters(plain.getBytes(StandardCharsets.UTF_8)))
          .hasValue(plain.codePointCount(0, plain.length()));
    }
    for (String other : List.of("\"", "a\\", "\n", "é\t")) {
      assertThat(PlainText.characters(other.getBytes(StandardCharsets.UTF_8))).isEmpty();
    }
    assertThat(PlainText.characters(new byte[] {'a', (byte) 0xC3})).isEqualTo(OptionalInt.empty());
    assertThat(PlainText.characters(new byte[] {(byte) 0xFF})).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-qwen3"})
  void theTokensOfEveryStateAreThoseWhoseBytesMayFollow(String fixture) {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory(fixture))) {
      TokenTrie trie = TokenTrie.of(tokenizer, Set.of());
      Random random = new Random(3);
      List<ByteGrammar> grammars =
          List.of(
              Grammars.jsonObject(),
              Grammars.schema(Map.of("type", "string", "maxLength", 12L)),
              Grammars.schema(Map.of("type", "string", "minLength", 5L)),
              Grammars.schema(Map.of("type", "string", "pattern", "^[^x]*é?$")),
              Grammars.after("</think>", Grammars.pattern("[a-z ]{3,9}\"?.*")));
      for (ByteGrammar grammar : grammars) {
        PlainText plain = new PlainText(grammar);
        for (long state : states(grammar, random)) {
          assertThat(trie.following(grammar, plain, state))
              .as("state %d", state)
              .isEqualTo(byEach(grammar, trie, state));
        }
      }
    }
  }

  /** States that random texts lead to. */
  private static Set<Long> states(ByteGrammar grammar, Random random) {
    Set<Long> states = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      long state = grammar.start();
      for (byte value : Walks.random(grammar, random, 15).getBytes(StandardCharsets.UTF_8)) {
        states.add(state);
        state = grammar.next(state, value & 0xFF);
      }
    }
    return states;
  }

  private static long[] byEach(ByteGrammar grammar, TokenTrie trie, long state) {
    long[] bits = new long[trie.words()];
    for (int id = 0; id < trie.vocabSize(); id++) {
      byte[] bytes = trie.bytes(id);
      long next = bytes.length == 0 ? ByteGrammar.DEAD : state;
      for (int i = 0; i < bytes.length && next != ByteGrammar.DEAD; i++) {
        next = grammar.next(next, bytes[i] & 0xFF);
      }
      if (next != ByteGrammar.DEAD) {
        bits[id >> 6] |= 1L << id;
      }
    }
    return bits;
  }
}
