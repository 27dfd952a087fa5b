package dev.freshet.text.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop} of one run of a loop. Reads items ahead only if it is asked to. */
final class Loop {
  /** Renders the body of a recursive loop with other items. */
  @FunctionalInterface
  interface Recursion {
    String render(Object items);
  }

  private final @Nullable Object sized;
  private final int depth;
  private final @Nullable Recursion recursion;
  private final Budget budget;
  private Iterator<Object> items;
  private long index0 = -1;
  private long length = -1;
  private @Nullable Object previous;
  private @Nullable Object current;
  private @Nullable Object next;
  private @Nullable Object lastChanged;

  /**
   * @param sized the value that is iterated, if its length counts; else null
   * @param depth 0 for the outermost run of a recursive loop
   * @param recursion null if the loop is not recursive
   */
  Loop(
      @Nullable Object sized,
      Iterator<Object> items,
      int depth,
      @Nullable Recursion recursion,
      Budget budget) {
    this.sized = sized;
    this.items = items;
    this.depth = depth;
    this.recursion = recursion;
    this.budget = budget;
  }

  /** Moves to the next item; false if there is none. */
  boolean advance() {
    if (peek() == null) {
      return false;
    }
    previous = current;
    current = next;
    next = null;
    index0++;
    return true;
  }

  private @Nullable Object peek() {
    if (next == null && items.hasNext()) {
      next = items.next();
    }
    return next;
  }

  /** The item that {@link #advance} moved to. */
  Object item() {
    return current == null ? None.NONE : current;
  }

  long length() {
    if (length < 0) {
      length = sized == null || sized instanceof Generator ? counted() : Iteration.length(sized);
    }
    return length;
  }

  /** Reads all items that are left, and keeps them. */
  private long counted() {
    List<Object> rest = new ArrayList<>();
    while (items.hasNext()) {
      budget.step();
      rest.add(items.next());
    }
    budget.items(rest.size());
    items = rest.iterator();
    return rest.size() + index0 + 1 + (next == null ? 0 : 1);
  }

  @Nullable Object attribute(String name) {
    return switch (name) {
      case "index" -> index0 + 1;
      case "index0" -> index0;
      case "revindex" -> length() - index0;
      case "revindex0" -> length() - index0 - 1;
      case "first" -> index0 == 0;
      case "last" -> peek() == null;
      case "length" -> length();
      case "depth" -> depth + 1L;
      case "depth0" -> (long) depth;
      case "previtem" -> previous == null ? new Undefined("there is no previous item") : previous;
      case "nextitem" -> {
        Object item = peek();
        yield item == null ? new Undefined("there is no next item") : item;
      }
      case "cycle" -> new Function(name, (arguments, render) -> cycle(arguments));
      case "changed" -> new Function(name, (arguments, render) -> changed(arguments));
      default -> null;
    };
  }

  private Object cycle(Arguments arguments) {
    List<Object> items = arguments.positional("cycle", 1, Integer.MAX_VALUE);
    return items.get((int) (index0 % items.size()));
  }

  private Object changed(Arguments arguments) {
    Tuple value = Tuple.of(arguments.positional("changed", 0, Integer.MAX_VALUE));
    boolean changed = lastChanged == null || !Comparison.equal(lastChanged, value, budget);
    lastChanged = value;
    return changed;
  }

  /** The call of the loop as a function. */
  Object recurse(Arguments arguments) {
    Object items = arguments.positional("loop", 1, 1).getFirst();
    if (recursion == null) {
      throw TemplateException.failed(
          "the loop must have the 'recursive' marker to be called recursively");
    }
    return recursion.render(items);
  }

  String shown() {
    return "<LoopContext %d/%d>".formatted(index0 + 1, length());
  }
}
