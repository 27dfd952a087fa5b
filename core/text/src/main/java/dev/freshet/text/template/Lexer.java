package dev.freshet.text.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Splits a template into text, tags and comments, with {@code trim_blocks} and {@code
 * lstrip_blocks} as transformers sets them: a line break after a block or comment goes, and so do
 * the blanks between the start of a line and a block or comment. {@code -} strips all white space
 * on its side, {@code +} none. One line break at the end of the template goes.
 */
final class Lexer {
  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private final Deque<Character> open = new ArrayDeque<>();
  private int at;
  private int line = 1;

  /** Whether the position is at the start of a line, as far as stripping blanks is concerned. */
  private boolean lineStart = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String source) {
    String lines = source.replace("\r\n", "\n").replace('\r', '\n');
    Lexer lexer = new Lexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines);
    lexer.template();
    return lexer.tokens;
  }

  private void template() {
    while (at < source.length()) {
      int tag = nextTag();
      if (tag < 0) {
        data(source.substring(at), source.length());
        break;
      }
      int raw = source.charAt(tag + 1) == '%' ? rawTagEnd(tag) : -1;
      openTag(tag);
      if (raw >= 0) {
        raw(raw);
      } else {
        switch (source.charAt(tag + 1)) {
          case '#' -> comment();
          case '{' -> inside(Token.Kind.VARIABLE_BEGIN, "}}", Token.Kind.VARIABLE_END);
          default -> inside(Token.Kind.BLOCK_BEGIN, "%}", Token.Kind.BLOCK_END);
        }
      }
    }
    tokens.add(new Token(Token.Kind.END, "", line));
  }

  private int nextTag() {
    for (int i = source.indexOf('{', at);
        i >= 0 && i + 1 < source.length();
        i = source.indexOf('{', i + 1)) {
      if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  /** Emits the text before a tag, stripped as its sign says, and moves behind the sign. */
  private void openTag(int tag) {
    String text = source.substring(at, tag);
    char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
    boolean signed = sign == '-' || sign == '+';
    data(strippedBefore(text, sign, source.charAt(tag + 1) == '{'), tag);
    at = tag + (signed ? 3 : 2);
  }

  private String strippedBefore(String text, char sign, boolean variable) {
    if (sign == '-') {
      return Characters.stripTrailing(text);
    }
    if (sign == '+' || variable) {
      return text;
    }
    int start = text.lastIndexOf('\n') + 1;
    boolean blank = Characters.isBlank(text.substring(start));
    return blank && (start > 0 || lineStart) ? text.substring(0, start) : text;
  }

  private void data(String text, int end) {
    if (!text.isEmpty()) {
      tokens.add(new Token(Token.Kind.DATA, text, line));
    }
    advance(end);
  }

  private void advance(int end) {
    for (int i = at; i < end; i++) {
      if (source.charAt(i) == '\n') {
        line++;
      }
    }
    lineStart = end > at ? source.charAt(end - 1) == '\n' : lineStart;
    at = end;
  }

  private void comment() {
    int end = source.indexOf("#}", at);
    if (at == source.length()) {
      return;
    }
    if (end < 0) {
      throw TemplateException.source("a comment has no end: expected '#}'", line);
    }
    char sign = end > at ? source.charAt(end - 1) : ' ';
    advance(end);
    closeTag(sign, end + 2, true);
  }

  /** Moves behind an end of a tag and what is stripped after it. */
  private void closeTag(char sign, int end, boolean trim) {
    int next = end;
    if (sign == '-') {
      while (next < source.length() && Characters.isSpace(source.charAt(next))) {
        next++;
      }
    } else if (trim && sign != '+' && next < source.length() && source.charAt(next) == '\n') {
      next++;
    }
    advance(next);
    lineStart = source.charAt(next - 1) == '\n';
  }

  /** Where the text of a raw block begins, if the tag at {@code tag} begins one; otherwise -1. */
  private int rawTagEnd(int tag) {
    int i = tag + 2;
    if (i < source.length() && "+-".indexOf(source.charAt(i)) >= 0) {
      i++;
    }
    i = skipSpace(i);
    if (!source.startsWith("raw", i)) {
      return -1;
    }
    i = skipSpace(i + 3);
    if (source.startsWith("-%}", i)) {
      return skipSpace(i + 3);
    }
    return source.startsWith("%}", i) ? i + 2 : -1;
  }

  private int skipSpace(int from) {
    int i = from;
    while (i < source.length() && Characters.isSpace(source.charAt(i))) {
      i++;
    }
    return i;
  }

  private void raw(int begin) {
    int startLine = line;
    advance(begin);
    if (at == source.length()) {
      return;
    }
    for (int tag = source.indexOf("{%", at); tag >= 0; tag = source.indexOf("{%", tag + 1)) {
      char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
      int i = skipSpace(sign == '-' || sign == '+' ? tag + 3 : tag + 2);
      if (!source.startsWith("endraw", i)) {
        continue;
      }
      i = skipSpace(i + 6);
      char after = i < source.length() ? source.charAt(i) : ' ';
      int end = after == '-' || after == '+' ? i + 1 : i;
      if (source.startsWith("%}", end)) {
        data(strippedBefore(source.substring(at, tag), sign, false), tag);
        closeTag(after, end + 2, true);
        return;
      }
    }
    throw TemplateException.source("a raw block has no end: expected '{% endraw %}'", startLine);
  }

  private void inside(Token.Kind begin, String close, Token.Kind end) {
    tokens.add(new Token(begin, close, line));
    open.clear();
    boolean block = end == Token.Kind.BLOCK_END;
    while (true) {
      advance(skipSpace(at));
      if (at >= source.length()) {
        throw TemplateException.source("a tag has no end: expected '%s'".formatted(close), line);
      }
      char c = source.charAt(at);
      boolean signed = (c == '-' || (c == '+' && block)) && source.startsWith(close, at + 1);
      if (open.isEmpty() && (signed || source.startsWith(close, at))) {
        tokens.add(new Token(end, close, line));
        closeTag(signed ? c : ' ', at + (signed ? 3 : 2), block);
        return;
      }
      token(c);
    }
  }

  private void token(char c) {
    if (c == '"' || c == '\'') {
      StringLiteral literal = StringLiteral.at(source, at, line);
      tokens.add(new Token(Token.Kind.STRING, literal.value(), line));
      advance(literal.end());
    } else if (c >= '0' && c <= '9') {
      NumberLiteral literal = NumberLiteral.at(source, at, line);
      tokens.add(new Token(Token.Kind.NUMBER, literal.value(), line));
      advance(literal.end());
    } else if (Character.isUnicodeIdentifierStart(c) || c == '_') {
      int end = at + 1;
      while (end < source.length()
          && Character.isUnicodeIdentifierPart(source.charAt(end))
          && !Character.isIdentifierIgnorable(source.charAt(end))) {
        end++;
      }
      tokens.add(new Token(Token.Kind.NAME, source.substring(at, end), line));
      advance(end);
    } else {
      operator(c);
    }
  }

  private void operator(char c) {
    String two = at + 2 <= source.length() ? source.substring(at, at + 2) : "";
    String operator =
        switch (two) {
          case "//", "**", "==", "!=", ">=", "<=" -> two;
          default -> String.valueOf(c);
        };
    if (operator.length() == 1 && "+-/*%~[](){}><=.:|,;".indexOf(c) < 0) {
      throw TemplateException.source("unexpected character '%s'".formatted(c), line);
    }
    switch (c) {
      case '(' -> open.push(')');
      case '[' -> open.push(']');
      case '{' -> open.push('}');
      case ')', ']', '}' -> {
        if (open.isEmpty() || open.pop() != c) {
          throw TemplateException.source("unexpected '%s'".formatted(c), line);
        }
      }
      default -> {}
    }
    tokens.add(new Token(Token.Kind.OPERATOR, operator, line));
    advance(at + operator.length());
  }
}
