package dev.freshet.environments;

import dev.freshet.text.Tokenizer;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The text of an answer. Its ending token is left out; another special token, which a policy
 * samples by mistake, is one replacement character (U+FFFD), so that it is neither overlooked nor
 * taken for the text it is written as.
 */
final class AnswerText {
  private static final String REPLACEMENT = "\uFFFD";

  private AnswerText() {}

  /**
   * @param stopTokenIds the tokens that end a turn
   */
  static String of(Tokenizer tokenizer, int[] answer, int[] stopTokenIds) {
    int length = answer.length;
    boolean ended =
        length > 0 && IntStream.of(stopTokenIds).anyMatch(id -> id == answer[length - 1]);
    int[] ids = ended ? Arrays.copyOf(answer, length - 1) : answer;
    String text = tokenizer.decode(ids, true);
    return text.equals(tokenizer.decode(ids, false)) ? text : marked(tokenizer, ids);
  }

  private static String marked(Tokenizer tokenizer, int[] ids) {
    StringBuilder text = new StringBuilder();
    int from = 0;
    for (int i = 0; i <= ids.length; i++) {
      if (i == ids.length || isSpecial(tokenizer, ids[i])) {
        text.append(tokenizer.decode(Arrays.copyOfRange(ids, from, i), true));
        text.append(i < ids.length ? REPLACEMENT : "");
        from = i + 1;
      }
    }
    return text.toString();
  }

  private static boolean isSpecial(Tokenizer tokenizer, int id) {
    int[] alone = {id};
    return tokenizer.decode(alone, true).isEmpty() && !tokenizer.decode(alone, false).isEmpty();
  }
}
