package dev.freshet.server;

import static dev.freshet.engine.Fixture.LLAMA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.TokenConstraint;
import dev.freshet.text.Tokenizer;
import dev.freshet.text.grammar.ByteGrammar;
import dev.freshet.text.grammar.Grammars;
import dev.freshet.text.grammar.TokenMasks;
import dev.freshet.text.grammar.TokenTrie;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class GrammarConstraintTest {
  private static final int END = 2;

  @AutoClose private final Tokenizer tokenizer = Tokenizer.load(LLAMA);

  private TokenConstraint begin(ByteGrammar grammar) {
    return GrammarConstraint.begin(
        new TokenMasks(grammar, TokenTrie.of(tokenizer, Set.of())), Set.of(END));
  }

  private List<Integer> allowed(TokenConstraint constraint) {
    long[] bits = constraint.allowed();
    return IntStream.range(0, bits.length * Long.SIZE)
        .filter(id -> (bits[id / Long.SIZE] >> id & 1) == 1)
        .boxed()
        .toList();
  }

  private TokenConstraint after(TokenConstraint constraint, String text) {
    TokenConstraint at = constraint;
    for (int token : IntStream.of(tokenizer.encodeOrdinary(text)).skip(1).toArray()) {
      at = at.after(token);
    }
    return at;
  }

  @Test
  void theEndIsAllowedWhereTheTextIsWholeAndForcedWhereNothingElseIs() {
    TokenConstraint begin = begin(Grammars.choice(List.of("a", "ab")));
    TokenConstraint one = begin.after(token("a"));
    TokenConstraint both = one.after(token("b"));

    assertThat(allowed(begin)).contains(token("a")).doesNotContain(END);
    assertThat(begin.isComplete()).isFalse();
    assertThat(allowed(one)).containsExactlyInAnyOrder(token("b"), END);
    assertThat(allowed(both)).containsExactly(END);
    assertThat(both.isComplete()).isTrue();
  }

  @Test
  void afterAnEndThatDoesNotEndTheCompletionOnlyEndsFollow() {
    TokenConstraint ended = begin(Grammars.pattern("a*")).after(token("a")).after(END).after(END);

    assertThat(ended.isComplete()).isTrue();
    assertThat(allowed(ended)).containsExactly(END);
  }

  @Test
  void reasoningIsFreeUpToItsEnd() {
    TokenConstraint begin = begin(Grammars.after("</think>", Grammars.choice(List.of("a"))));
    int others = tokenizer.vocabSize() / 2;
    TokenConstraint reasoned = after(after(begin, "x b"), "x</think>");

    assertThat(allowed(begin)).hasSizeGreaterThan(others).contains(END);
    assertThat(allowed(reasoned)).containsExactly(token("a"));
    assertThat(allowed(reasoned.after(token("a")))).containsExactly(END);
  }

  /** The token of one character within a text. */
  private int token(String character) {
    int[] ids = tokenizer.encodeOrdinary("." + character);
    return ids[ids.length - 1];
  }
}
