package dev.freshet.server.session;

import dev.freshet.text.StreamDecoder;
import dev.freshet.text.Tokenizer;
import java.util.Arrays;
import java.util.Optional;

/**
 * Tokenizes the text after given tokens. The tokens stay as they are; the text gets the tokens that
 * it has where it stands, which those before it can change. The place between the two is a seam
 * only if the tokenizer itself ends a token there, as after the special token that ends a turn.
 */
final class Seam {
  /** The tokens before the seam on which the text's can depend. */
  private static final int CONTEXT = 16;

  private static final char REPLACEMENT = '\uFFFD';

  private Seam() {}

  /**
   * The tokens of {@code text} after {@code before}; empty if the tokenizer would join the end of
   * one with the beginning of the other.
   */
  static Optional<int[]> after(int[] before, String text, Tokenizer tokenizer) {
    if (text.isEmpty()) {
      return Optional.of(new int[0]);
    }
    int[] alone = tokenizer.encodeOrdinary(text);
    if (alone.length > 0
        && tokenizer.isSpecial(alone[0])
        && text.startsWith(tokenizer.text(alone[0]))) {
      return Optional.of(alone); // A special token is found before a text is split.
    }
    String context = tokenizer.decode(contextOf(before, tokenizer), false);
    if (context.isEmpty() || context.indexOf(REPLACEMENT) >= 0) {
      return Optional.empty();
    }
    int[] ids = tokenizer.encodeOrdinary(context + text);
    StreamDecoder decoder = new StreamDecoder(tokenizer, false);
    StringBuilder decoded = new StringBuilder();
    for (int i = 0; i < ids.length && decoded.length() < context.length(); i++) {
      decoded.append(decoder.push(ids[i]));
      if (context.contentEquals(decoded)) {
        return Optional.of(Arrays.copyOfRange(ids, i + 1, ids.length));
      }
    }
    return Optional.empty();
  }

  /** The last tokens, from the last special one on: tokens before that change nothing. */
  private static int[] contextOf(int[] before, Tokenizer tokenizer) {
    int from = before.length;
    int least = Math.max(0, before.length - CONTEXT);
    while (from > least) {
      from--;
      if (tokenizer.isSpecial(before[from])) {
        break;
      }
    }
    return Arrays.copyOfRange(before, from, before.length);
  }
}
