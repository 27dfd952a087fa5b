package dev.freshet.text.template;

/** Counts what one rendering uses against its {@link Limits}. Used by one thread. */
final class Budget {
  private final Limits limits;
  private long steps;
  private int depth;

  Budget(Limits limits) {
    this.limits = limits;
    this.steps = limits.steps();
  }

  /** Counts one operation. */
  void step() {
    spend(1);
  }

  /** Counts an operation that reads or makes {@code size} characters or items. */
  void read(long size) {
    spend(1 + (size >> 4));
  }

  /** Counts an operation of {@code units} comparisons of characters or products of bits. */
  void work(long units) {
    spend(units >> 6);
  }

  private void spend(long count) {
    steps -= count;
    if (steps < 0) {
      throw exceeded("more than %d steps".formatted(limits.steps()));
    }
  }

  /** Counts an operation that makes a text, before it is made. */
  void text(long characters) {
    limit(characters);
    spend(1 + (characters >> 3));
  }

  /** Requires that a text is no longer than allowed. */
  void limit(long characters) {
    if (characters > limits.characters()) {
      throw exceeded(
          "a text of %d characters: expected at most %d"
              .formatted(characters, limits.characters()));
    }
  }

  /** Counts an operation that makes a list, before it is made. */
  void items(long count) {
    if (count > limits.items()) {
      throw exceeded("a list of %d items: expected at most %d".formatted(count, limits.items()));
    }
    spend(1 + count);
  }

  /** Enters nested levels; {@link #leave} leaves them. */
  void enter(int levels) {
    depth += levels;
    if (depth > limits.depth()) {
      depth -= levels;
      throw exceeded("more than %d levels of nesting".formatted(limits.depth()));
    }
    step();
  }

  void leave(int levels) {
    depth -= levels;
  }

  private static TemplateException exceeded(String what) {
    return new TemplateException(
        TemplateException.Kind.LIMIT, "the rendering exceeds its limit: " + what, 0);
  }
}
