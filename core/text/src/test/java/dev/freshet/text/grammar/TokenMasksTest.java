package dev.freshet.text.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.text.Fixtures;
import dev.freshet.text.StreamDecoder;
import dev.freshet.text.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.ObjectMapper;

class TokenMasksTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static boolean isSet(long[] bits, int token) {
    return (bits[token >> 6] >> token & 1) == 1;
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-qwen3"})
  void tokensThatMayFollowWriteATextOfTheGrammar(String fixture) {
    ByteGrammar grammar =
        Grammars.schema(
            Map.of(
                "type",
                "array",
                "maxItems",
                3L,
                "items",
                Map.of(
                    "anyOf", List.of(Map.of("type", "integer"), Map.of("enum", List.of("é ü"))))));
    Random random = new Random(11);
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory(fixture))) {
      TokenMasks masks = new TokenMasks(grammar, TokenTrie.of(tokenizer, Set.of()));
      int[] prompt = tokenizer.encode("a prompt");
      for (int i = 0; i < 30; i++) {
        StreamDecoder decoder = new StreamDecoder(tokenizer, true, prompt);
        StringBuilder text = new StringBuilder();
        long state = masks.start();
        while (!masks.accepts(state)) {
          long[] bits = masks.allowed(state);
          int[] tokens =
              random
                  .ints(0, tokenizer.vocabSize())
                  .filter(id -> isSet(bits, id))
                  .limit(1)
                  .toArray();
          text.append(decoder.push(tokens[0]));
          state = masks.next(state, tokens[0]);
        }
        text.append(decoder.flush());
        assertThat(JSON.readTree(text.toString()).isArray()).as(text.toString()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-qwen3"})
  void whatAModelOfAnyOpinionWritesIsAnInstanceOfTheSchema(String fixture) {
    Random random = new Random(5);
    int whole = 0;
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory(fixture))) {
      TokenTrie trie = TokenTrie.of(tokenizer, Set.of());
      List<Integer> ending =
          List.of("\"", "]", "}").stream()
              .map(text -> tokenizer.encodeOrdinary("a" + text))
              .map(ids -> ids[ids.length - 1])
              .toList();
      for (int i = 0; i < 25; i++) {
        Map<String, @Nullable Object> schema = new RandomSchema(random).root();
        TokenMasks masks = new TokenMasks(Grammars.schema(schema), trie);
        StreamDecoder decoder = new StreamDecoder(tokenizer, true, tokenizer.encode("a"));
        StringBuilder text = new StringBuilder();
        long state = masks.start();
        for (int step = 0; step < 400 && !masks.accepts(state); step++) {
          long[] bits = masks.allowed(state);
          int[] allowed =
              IntStream.range(0, tokenizer.vocabSize()).filter(id -> isSet(bits, id)).toArray();
          int[] ends = ending.stream().mapToInt(id -> id).filter(id -> isSet(bits, id)).toArray();
          int[] among = ends.length > 0 && random.nextInt(3) > 0 ? ends : allowed;
          int token = among[random.nextInt(among.length)];
          text.append(decoder.push(token));
          state = masks.next(state, token);
        }
        if (masks.accepts(state)) {
          whole++;
          Object value = JSON.readValue(text.append(decoder.flush()).toString(), Object.class);
          assertThat(new SchemaRules(schema).holds(value)).as("%s of %s", text, schema).isTrue();
        }
      }
    }
    assertThat(whole).isGreaterThan(12);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-qwen3"})
  void aTokenMayFollowIfItsBytesMay(String fixture) {
    ByteGrammar grammar = Grammars.pattern("[a-m ]+(é|the)*");
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory(fixture))) {
      long[] bits = new TokenMasks(grammar, TokenTrie.of(tokenizer, Set.of())).allowed(0);
      for (int id = 0; id < tokenizer.vocabSize(); id++) {
        long state = grammar.start();
        byte[] bytes = tokenizer.bytes(id, Set.of()).orElse(new byte[0]);
        for (byte value : bytes) {
          state = state < 0 ? state : grammar.next(state, value & 0xFF);
        }
        assertThat(isSet(bits, id)).as("token %d", id).isEqualTo(bytes.length > 0 && state >= 0);
      }
    }
  }

  @Test
  void statesThatArePreparedHaveTheTokensOfOthers() {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-qwen3"))) {
      TokenTrie trie = TokenTrie.of(tokenizer, Set.of());
      ByteGrammar grammar = Grammars.jsonObject();
      TokenMasks prepared = new TokenMasks(grammar, trie);
      prepared.prepare();
      TokenMasks plain = new TokenMasks(grammar, trie);
      long state = grammar.start();
      for (char value : "{\"a\": \"b".toCharArray()) {
        state = grammar.next(state, value);
        assertThat(prepared.allowed(state)).isEqualTo(plain.allowed(state));
        assertThat(prepared.allowed(state)).isSameAs(prepared.allowed(state));
      }
    }
  }

  @Test
  void positionsOfAStringWithTheSameTokensShareThem() {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-qwen3"))) {
      ByteGrammar grammar = Grammars.schema(Map.of("type", "string", "maxLength", 500L));
      TokenMasks masks = new TokenMasks(grammar, TokenTrie.of(tokenizer, Set.of()));
      long first = grammar.next(grammar.start(), '"');
      long second = grammar.next(first, 'a');
      assertThat(second).isNotEqualTo(first);
      assertThat(masks.allowed(second)).isSameAs(masks.allowed(first));
    }
  }

  @Test
  void aSpecialTokenHasNoTextUnlessItIsATag() {
    try (Tokenizer tokenizer = Tokenizer.load(Fixtures.directory("tiny-qwen3"))) {
      String tag = "<|im_end|>";
      int id = tokenizer.idOf(tag).orElseThrow();
      ByteGrammar grammar = Grammars.choice(List.of(tag));
      TokenMasks plain = new TokenMasks(grammar, TokenTrie.of(tokenizer, Set.of()));
      TokenMasks tagged = new TokenMasks(grammar, TokenTrie.of(tokenizer, Set.of(tag)));
      assertThat(plain.hasBytes(id)).isFalse();
      assertThat(isSet(plain.allowed(0), id)).isFalse();
      assertThat(isSet(tagged.allowed(0), id)).isTrue();
      assertThat(tagged.accepts(tagged.next(0, id))).isTrue();
      int other = tokenizer.encodeOrdinary("x")[0];
      assertThatThrownBy(() -> plain.next(0, other))
          .hasMessageContaining("cannot follow: expected one that the grammar allows");
    }
  }
}
