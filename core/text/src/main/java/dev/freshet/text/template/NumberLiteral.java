package dev.freshet.text.template;

import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number in the source of a template, as Python writes them.
 *
 * @param value a {@link Long}, {@link BigInteger} or {@link Double}
 * @param end the index behind it
 */
record NumberLiteral(Object value, int end) {
  private static final Pattern FLOAT =
      Pattern.compile(
          "\\d+(?:_\\d+)*(?:\\.\\d+(?:_\\d+)*)?[eE][+-]?\\d+(?:_\\d+)*"
              + "|\\d+(?:_\\d+)*\\.\\d+(?:_\\d+)*");
  private static final Pattern INTEGER =
      Pattern.compile(
          "0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");

  static NumberLiteral at(String source, int start, int line) {
    Matcher floating = FLOAT.matcher(source).region(start, source.length());
    boolean afterDot = start > 0 && source.charAt(start - 1) == '.';
    if (!afterDot && floating.lookingAt()) {
      String digits = floating.group().replace("_", "");
      return new NumberLiteral(Double.parseDouble(digits), floating.end());
    }
    Matcher integer = INTEGER.matcher(source).region(start, source.length());
    if (!integer.lookingAt()) {
      throw TemplateException.source("malformed number", line);
    }
    if (integer.end() - start > 4_000) {
      throw TemplateException.source("a number of more than 4000 digits", line);
    }
    return new NumberLiteral(integer(integer.group().replace("_", "")), integer.end());
  }

  private static Object integer(String digits) {
    String prefix = digits.length() > 2 ? digits.substring(0, 2) : "";
    int radix =
        switch (prefix) {
          case "0x", "0X" -> 16;
          case "0o", "0O" -> 8;
          case "0b", "0B" -> 2;
          default -> 10;
        };
    return Numbers.normal(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
  }
}
