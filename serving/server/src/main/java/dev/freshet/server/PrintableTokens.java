package dev.freshet.server;

import dev.freshet.engine.EngineException;
import dev.freshet.text.Tokenizer;
import java.util.stream.IntStream;

/** The printable tokens of a tokenizer, for engines without a model. */
public final class PrintableTokens {
  private static final int MAX_TOKENS = 1000;

  private PrintableTokens() {}

  /**
   * The first printable token ids, at most {@value #MAX_TOKENS}.
   *
   * @throws EngineException INVALID if the tokenizer has none
   */
  public static int[] of(Tokenizer tokenizer) {
    int[] ids =
        IntStream.range(0, tokenizer.vocabSize())
            .filter(id -> isPrintable(tokenizer.decode(new int[] {id}, true)))
            .limit(MAX_TOKENS)
            .toArray();
    if (ids.length == 0) {
      throw new EngineException(
          EngineException.Kind.INVALID,
          "the tokenizer has no printable token: expected at least one");
    }
    return ids;
  }

  private static boolean isPrintable(String text) {
    return !text.isBlank()
        && text.chars().noneMatch(c -> c == '\uFFFD' || Character.isISOControl(c));
  }
}
