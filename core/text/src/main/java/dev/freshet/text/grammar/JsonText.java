package dev.freshet.text.grammar;

import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.ObjectMapper;

/**
 * Adds the texts of JSON values to an automaton. Between the parts of lists and objects is nothing,
 * one space, or a line end with at most {@value #MAX_INDENT} spaces and tabs: a model that may
 * write any number of spaces may write nothing else. Numbers have so few digits that each is one of
 * a double's range.
 */
final class JsonText {
  /** The most spaces at the beginning of a line. */
  static final int MAX_INDENT = 20;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final CharSet INDENT = CharSet.of(' ').or(CharSet.of('\t'));
  private static final CharSet NONZERO = CharSet.of('1', '9');
  private static final CharSet ESCAPED =
      CharSet.of(0, 0x1F).or(CharSet.of('"')).or(CharSet.of('\\'));

  /** The characters that a string may have without an escape. */
  static final CharSet PLAIN = ESCAPED.not();

  private static final CharSet LETTER_ESCAPES = set("\"\\/bfnrt");

  /** The characters with an escape of their own, and the letters of those. */
  private static final Map<Integer, Integer> SHORT =
      Map.of(
          (int) '"',
          (int) '"',
          (int) '\\',
          (int) '\\',
          (int) '\b',
          (int) 'b',
          (int) '\f',
          (int) 'f',
          (int) '\n',
          (int) 'n',
          (int) '\r',
          (int) 'r',
          (int) '\t',
          (int) 't');

  private JsonText() {}

  private static CharSet set(String characters) {
    return characters
        .codePoints()
        .mapToObj(CharSet::of)
        .reduce(new CharSet(List.of()), CharSet::or);
  }

  /** The characters of a string, each written as a JSON serializer does. */
  static int letter(Nfa nfa, int from, CharSet characters) {
    int end = nfa.state();
    nfa.edge(from, characters.minus(ESCAPED), end);
    for (int c = 0; c <= '\\'; c++) {
      if (ESCAPED.contains(c) && characters.contains(c)) {
        Integer escape = SHORT.get(c);
        nfa.jump(
            nfa.text(
                from, escape == null ? "\\u%04x".formatted(c) : "\\" + Character.toString(escape)),
            end);
      }
    }
    return end;
  }

  /** Any character of a string, in any way that JSON writes it, but for half a surrogate pair. */
  static int anyLetter(Nfa nfa, int from) {
    int end = nfa.state();
    nfa.edge(from, PLAIN, end);
    int escape = nfa.text(from, "\\");
    nfa.edge(escape, LETTER_ESCAPES, end);
    int first = nfa.text(escape, "u");
    int second = nfa.state();
    int secondOfD = nfa.state();
    int third = nfa.state();
    CharSet d = set("dD");
    nfa.edge(first, CharSet.HEX.minus(d), second);
    nfa.edge(first, d, secondOfD);
    nfa.edge(second, CharSet.HEX, third);
    nfa.edge(secondOfD, CharSet.of('0', '7'), third);
    nfa.edge(nfa.one(third, CharSet.HEX), CharSet.HEX, end);
    return end;
  }

  /** Any string of so many characters; {@code most} −1 for any number. */
  static int string(Nfa nfa, int from, int least, int most) {
    int open = nfa.text(from, "\"");
    return nfa.text(nfa.repeat(open, at -> anyLetter(nfa, at), least, most), "\"");
  }

  static int space(Nfa nfa, int from) {
    return nfa.either(
        from,
        List.of(
            at -> at,
            at -> nfa.text(at, " "),
            at -> nfa.repeat(nfa.text(at, "\n"), line -> nfa.one(line, INDENT), 0, MAX_INDENT)));
  }

  /** An integer of at most 18 digits, which a 64-bit integer holds. */
  static int integer(Nfa nfa, int from) {
    int signed = nfa.repeat(from, at -> nfa.text(at, "-"), 0, 1);
    return nfa.either(
        signed,
        List.of(
            at -> nfa.text(at, "0"),
            at -> nfa.repeat(nfa.one(at, NONZERO), to -> nfa.one(to, CharSet.DIGITS), 0, 17)));
  }

  /** A number with at most 18 digits before the point, 17 after it, and 2 of an exponent. */
  static int number(Nfa nfa, int from) {
    int whole = integer(nfa, from);
    int fraction =
        nfa.repeat(
            whole,
            at -> nfa.repeat(nfa.text(at, "."), to -> nfa.one(to, CharSet.DIGITS), 1, 17),
            0,
            1);
    return nfa.repeat(
        fraction,
        at -> {
          int signed = nfa.repeat(nfa.one(at, set("eE")), to -> nfa.one(to, set("+-")), 0, 1);
          return nfa.repeat(signed, to -> nfa.one(to, CharSet.DIGITS), 1, 2);
        },
        0,
        1);
  }

  static int bool(Nfa nfa, int from) {
    return nfa.either(from, List.of(at -> nfa.text(at, "true"), at -> nfa.text(at, "false")));
  }

  /** The text of a value, as a serializer writes it without spaces. */
  static String of(@Nullable Object value) {
    return JSON.writeValueAsString(value);
  }

  /** Any value that is neither a list nor an object. */
  static int scalar(Nfa nfa, int from) {
    return nfa.either(
        from,
        List.of(
            at -> string(nfa, at, 0, -1),
            at -> number(nfa, at),
            at -> bool(nfa, at),
            at -> nfa.text(at, "null")));
  }

  /** Any value with at most so many levels of lists and objects. */
  static int any(Nfa nfa, int from, int levels) {
    int end = nfa.state();
    nfa.jump(scalar(nfa, from), end);
    if (levels > 0) {
      nfa.jump(list(nfa, from, at -> any(nfa, at, levels - 1)), end);
      nfa.jump(map(nfa, from, at -> any(nfa, at, levels - 1)), end);
    }
    return end;
  }

  /** A list of any number of elements. */
  static int list(Nfa nfa, int from, IntUnaryOperator element) {
    return separated(nfa, from, "[", element, "]");
  }

  /** An object of any number of fields with any names. */
  static int map(Nfa nfa, int from, IntUnaryOperator value) {
    return separated(
        nfa,
        from,
        "{",
        at -> value.applyAsInt(space(nfa, nfa.text(string(nfa, at, 0, -1), ":"))),
        "}");
  }

  private static int separated(
      Nfa nfa, int from, String open, IntUnaryOperator element, String close) {
    int begin = space(nfa, nfa.text(from, open));
    int next = nfa.state();
    nfa.jump(begin, next);
    int after = element.applyAsInt(next);
    nfa.jump(space(nfa, nfa.text(after, ",")), next);
    int last = nfa.state();
    nfa.jump(space(nfa, after), last);
    nfa.jump(begin, last);
    return nfa.text(last, close);
  }
}
