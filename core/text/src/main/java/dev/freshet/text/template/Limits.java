package dev.freshet.text.template;

/**
 * What one rendering may use, so that a hostile template or conversation ends in an error instead
 * of taking a server's time or memory.
 *
 * @param steps operations, items of lists, eighths of the characters of texts that they make, and
 *     sixteenths of those that they read, which also bounds the memory of a rendering
 * @param characters the length of any text that the template makes, its output among them
 * @param items the length of any list
 * @param depth levels of Java calls: nested statements, expressions, macros and values
 */
public record Limits(long steps, int characters, int items, int depth) {
  /** Enough for a conversation of ten thousand messages; reached within about a second. */
  public static final Limits DEFAULT = new Limits(20_000_000, 16 << 20, 1_000_000, 2_000);

  /** The longest {@code range}, as in Jinja's sandbox. */
  static final int RANGE = 100_000;

  /** The most bits of an integer. */
  static final int INTEGER_BITS = 14_000;

  /** The deepest nesting of statements and expressions in the source of a template. */
  static final int NESTING = 100;

  /** The most levels of one expression. */
  static final int EXPRESSION = 200;
}
