package dev.freshet.text.template;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A sequence that is computed while it is read, and can be read once, as the results of {@code
 * map}, {@code select} and their like are in Jinja.
 */
final class Generator implements Iterator<Object> {
  /** How many generators may read from one another. */
  private static final int MOST_DEPTH = 100;

  private final Iterator<?> source;
  private final int depth;

  private Generator(Iterator<?> source, int depth) {
    if (depth > MOST_DEPTH) {
      throw new TemplateException(
          TemplateException.Kind.LIMIT,
          "more than %d generators that read from one another".formatted(MOST_DEPTH),
          0);
    }
    this.source = source;
    this.depth = depth;
  }

  static Generator of(Iterator<?> source) {
    return new Generator(source, depth(source));
  }

  private static int depth(Iterator<?> source) {
    return source instanceof Generator generator ? generator.depth + 1 : 1;
  }

  /** The items of {@code source}, each converted when it is reached. */
  static Generator mapped(Iterator<Object> source, UnaryOperator<Object> conversion) {
    return new Generator(new Mapped(source, conversion), depth(source));
  }

  /** The items of {@code source} for which {@code test} holds, each tested when it is reached. */
  static Generator filtered(Iterator<Object> source, Predicate<Object> test) {
    return new Generator(new Filtered(source, test), depth(source));
  }

  @Override
  public boolean hasNext() {
    return source.hasNext();
  }

  @Override
  public Object next() {
    return source.next();
  }

  private record Mapped(Iterator<Object> source, UnaryOperator<Object> conversion)
      implements Iterator<Object> {
    @Override
    public boolean hasNext() {
      return source.hasNext();
    }

    @Override
    public Object next() {
      return conversion.apply(source.next());
    }
  }

  private static final class Filtered implements Iterator<Object> {
    private final Iterator<Object> source;
    private final Predicate<Object> test;
    private Object next = None.NONE;
    private boolean found;

    Filtered(Iterator<Object> source, Predicate<Object> test) {
      this.source = source;
      this.test = test;
    }

    @Override
    public boolean hasNext() {
      while (!found && source.hasNext()) {
        next = source.next();
        found = test.test(next);
      }
      return found;
    }

    @Override
    public Object next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      found = false;
      return next;
    }
  }
}
