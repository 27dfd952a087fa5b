package dev.freshet.text.grammar;

import dev.freshet.text.grammar.Pattern.Alternative;
import dev.freshet.text.grammar.Pattern.Either;
import dev.freshet.text.grammar.Pattern.One;
import dev.freshet.text.grammar.Pattern.Part;
import dev.freshet.text.grammar.Pattern.Repeat;
import dev.freshet.text.grammar.Pattern.Sequence;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a regular expression as ECMA-262 and Python write it, as far as it is regular: characters,
 * escapes, classes, groups, alternatives, quantifiers, and anchors at the ends of the whole.
 * Classes such as {@code \d} are of ASCII. Anything else, such as a look-around or a reference to a
 * group, is refused by name. Not thread-safe.
 */
final class PatternParser {
  /** The longest expression. */
  private static final int MAX_LENGTH = 8192;

  /** The most groups within each other. */
  private static final int MAX_DEPTH = 64;

  /** The most repetitions that a quantifier may name. */
  private static final int MAX_COUNT = 10_000;

  private final String text;
  private int at;
  private int depth;

  private PatternParser(String text) {
    this.text = text;
  }

  /**
   * Reads an expression.
   *
   * @throws GrammarException if it is malformed or not supported
   */
  static Pattern parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new GrammarException(
          "",
          "a regular expression of at most %d characters, got %d"
              .formatted(MAX_LENGTH, text.length()));
    }
    return new PatternParser(text).whole();
  }

  private Pattern whole() {
    List<Alternative> alternatives = new ArrayList<>();
    do {
      boolean atStart = takes('^');
      Part part = sequence();
      alternatives.add(new Alternative(atStart, part, takes('$')));
    } while (takes('|'));
    if (at < text.length()) {
      throw unexpected("the end of the expression");
    }
    return new Pattern(List.copyOf(alternatives));
  }

  private Part group() {
    if (++depth > MAX_DEPTH) {
      throw unexpected("at most %d groups within each other".formatted(MAX_DEPTH));
    }
    if (takes('?') && !takes(':')) {
      name();
    }
    List<Part> parts = new ArrayList<>();
    do {
      parts.add(sequence());
    } while (takes('|'));
    if (!takes(')')) {
      throw unexpected("')'");
    }
    depth--;
    return parts.size() == 1 ? parts.getFirst() : new Either(List.copyOf(parts));
  }

  /** Skips the name of a group. */
  private void name() {
    boolean _ = takes('P');
    int end = text.indexOf('>', at);
    if (!takes('<') || end < 0 || peek() == '=' || peek() == '!') {
      throw unexpected("a group without look-around, condition or flag");
    }
    at = end + 1;
  }

  /** Reads up to the end of an alternative. */
  private Part sequence() {
    List<Part> parts = new ArrayList<>();
    while (at < text.length() && "|)".indexOf(text.charAt(at)) < 0 && !isLastAnchor()) {
      parts.add(quantified(atom()));
    }
    return parts.size() == 1 ? parts.getFirst() : new Sequence(List.copyOf(parts));
  }

  private boolean isLastAnchor() {
    return depth == 0
        && text.charAt(at) == '$'
        && (at + 1 == text.length() || text.charAt(at + 1) == '|');
  }

  private Part atom() {
    int c = next();
    return switch (c) {
      case '(' -> group();
      case '[' -> new One(bracket());
      case '.' -> new One(CharSet.LINE_ENDS.not());
      case '\\' -> new One(escape());
      case '^', '$' -> {
        at--;
        throw unexpected("anchors at the ends of the whole expression alone");
      }
      case '*', '+', '?' -> {
        at--;
        throw unexpected("something to repeat");
      }
      default -> new One(CharSet.of(c));
    };
  }

  private Part quantified(Part part) {
    int least;
    int most;
    if (takes('*')) {
      least = 0;
      most = -1;
    } else if (takes('+')) {
      least = 1;
      most = -1;
    } else if (takes('?')) {
      least = 0;
      most = 1;
    } else if (peek() == '{' && isCount()) {
      at++;
      least = number();
      most = least;
      if (takes(',')) {
        most = peek() == '}' ? -1 : number();
      }
      at++;
      if (most >= 0 && most < least) {
        throw unexpected("a quantifier whose first number is not above its second");
      }
    } else {
      return part;
    }
    boolean _ = takes('?'); // Which match is preferred does not change which texts match.
    if (peek() == '*' || peek() == '+') {
      throw unexpected("one quantifier, not possessive");
    }
    return new Repeat(part, least, most);
  }

  private boolean isCount() {
    int end = text.indexOf('}', at);
    return end > 0 && text.substring(at + 1, end).matches("[0-9]+(,[0-9]*)?");
  }

  private int number() {
    int value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = Math.min(MAX_COUNT + 1, 10 * value + (next() - '0'));
    }
    if (value > MAX_COUNT) {
      throw unexpected("at most %d repetitions".formatted(MAX_COUNT));
    }
    return value;
  }

  private CharSet bracket() {
    boolean negated = takes('^');
    CharSet set = new CharSet(List.of());
    boolean first = true;
    while (first || peek() != ']') {
      first = false;
      if (at >= text.length()) {
        throw unexpected("']'");
      }
      int c = next();
      CharSet one = c == '\\' ? escape() : CharSet.of(c);
      if (peek() == '-' && at + 1 < text.length() && text.charAt(at + 1) != ']') {
        at++;
        int to = next();
        CharSet last = to == '\\' ? escape() : CharSet.of(to);
        one = range(one, last);
      }
      set = set.or(one);
      if (peek() < 0) {
        throw unexpected("']'");
      }
    }
    at++;
    return negated ? set.not() : set;
  }

  private CharSet range(CharSet first, CharSet last) {
    int from = single(first);
    int to = single(last);
    if (from < 0 || to < from) {
      throw unexpected("a range of two characters in ascending order");
    }
    return CharSet.ALL.minus(CharSet.of(from, to).not());
  }

  /** The only character of a set; −1 if it has others. */
  private static int single(CharSet set) {
    return set.ranges().size() == 1
            && set.ranges().getFirst().first() == set.ranges().getFirst().last()
        ? set.ranges().getFirst().first()
        : -1;
  }

  private CharSet escape() {
    if (at >= text.length()) {
      throw unexpected("an escaped character");
    }
    int c = next();
    return switch (c) {
      case 'd' -> CharSet.DIGITS;
      case 'D' -> CharSet.DIGITS.not();
      case 'w' -> CharSet.WORD;
      case 'W' -> CharSet.WORD.not();
      case 's' -> CharSet.SPACES;
      case 'S' -> CharSet.SPACES.not();
      case 't' -> CharSet.of('\t');
      case 'n' -> CharSet.of('\n');
      case 'r' -> CharSet.of('\r');
      case 'f' -> CharSet.of('\f');
      case 'v' -> CharSet.of(0x0B);
      case 'x' -> CharSet.of(hex(2));
      case 'u' -> CharSet.of(hex(4));
      default -> {
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
          at--;
          throw unexpected("no escape \\" + Character.toString(c) + " (it is not supported)");
        }
        yield CharSet.of(c);
      }
    };
  }

  private int hex(int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = at < text.length() ? Character.digit(next(), 16) : -1;
      if (digit < 0) {
        throw unexpected("%d hexadecimal digits".formatted(digits));
      }
      value = 16 * value + digit;
    }
    if (value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE) {
      throw unexpected("a character, no surrogate");
    }
    return value;
  }

  private int peek() {
    return at < text.length() ? text.charAt(at) : -1;
  }

  private int next() {
    int c = text.codePointAt(at);
    at += Character.charCount(c);
    return c;
  }

  private boolean takes(char c) {
    if (peek() != c) {
      return false;
    }
    at++;
    return true;
  }

  private GrammarException unexpected(String expected) {
    return new GrammarException(
        "", "a regular expression with %s at character %d".formatted(expected, at));
  }
}
