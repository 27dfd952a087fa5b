package dev.freshet.text;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * How byte-level BPE splits a text into words. Only expressions that are known to mean the same to
 * Java and to Hugging Face's library are supported. Immutable.
 *
 * @param digits whether each digit is split off before the expression is applied
 * @param words matches the next word; together the matches cover any text
 */
record WordSplitting(boolean digits, Pattern words) {
  private static final Pattern GPT2 = compile(ByteLevelTokenizer.GPT2);

  private static final Map<String, Pattern> KNOWN =
      Stream.of(ByteLevelTokenizer.GPT2, ByteLevelTokenizer.LLAMA3, ByteLevelTokenizer.QWEN2)
          .collect(Collectors.toUnmodifiableMap(regex -> regex, WordSplitting::compile));

  private static Pattern compile(String regex) {
    return Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS);
  }

  /** Takes the words of a text in order. */
  interface Words {
    /** Takes the word between two positions. Returns whether to continue. */
    boolean word(int start, int end);
  }

  /**
   * Reads the steps of a {@code pre_tokenizer}; empty if they are not one of: ByteLevel, Digits and
   * ByteLevel, a known expression and ByteLevel.
   */
  static Optional<WordSplitting> of(List<JsonNode> steps) {
    if (steps.isEmpty() || steps.size() > 2) {
      return Optional.empty();
    }
    JsonNode last = steps.getLast();
    if (!TokenizerSteps.type(last).equals("ByteLevel")
        || last.path("add_prefix_space").asBoolean(true)) {
      return Optional.empty();
    }
    Optional<JsonNode> first = steps.size() == 2 ? Optional.of(steps.getFirst()) : Optional.empty();
    if (!last.path("use_regex").asBoolean(true)) {
      return first.flatMap(WordSplitting::expression).map(regex -> new WordSplitting(false, regex));
    }
    return first.isEmpty() || first.filter(WordSplitting::splitsDigits).isPresent()
        ? Optional.of(new WordSplitting(first.isPresent(), GPT2))
        : Optional.empty();
  }

  private static boolean splitsDigits(JsonNode step) {
    return TokenizerSteps.type(step).equals("Digits")
        && step.path("individual_digits").asBoolean(false);
  }

  private static Optional<Pattern> expression(JsonNode step) {
    boolean isolated =
        TokenizerSteps.type(step).equals("Split")
            && step.path("behavior").asString("").equals("Isolated")
            && !step.path("invert").asBoolean(false);
    return isolated
        ? Optional.ofNullable(KNOWN.get(step.path("pattern").path("Regex").asString("")))
        : Optional.empty();
  }

  /**
   * Splits a part of the text of {@code matcher}, as if it were a text of its own. Returns false if
   * {@code each} did.
   */
  boolean split(String text, int from, int end, Matcher matcher, Words each) {
    if (!digits) {
      return match(from, end, matcher, each);
    }
    int start = from;
    for (int i = from; i < end; ) {
      int c = text.codePointAt(i);
      int next = i + Character.charCount(c);
      if (isDigit(c)) {
        if (!match(start, i, matcher, each) || !each.word(i, next)) {
          return false;
        }
        start = next;
      }
      i = next;
    }
    return match(start, end, matcher, each);
  }

  private static boolean isDigit(int c) {
    return switch (Character.getType(c)) {
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
      default -> false;
    };
  }

  private static boolean match(int from, int end, Matcher matcher, Words each) {
    if (from == end) {
      return true;
    }
    matcher.region(from, end);
    for (int start = from; start < end; start = matcher.end()) {
      if (!matcher.find() || !each.word(start, matcher.end())) {
        return false;
      }
    }
    return true;
  }
}
