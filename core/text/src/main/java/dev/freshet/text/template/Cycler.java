package dev.freshet.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code cycler(...)} returns: gives its items in turn, again and again. */
final class Cycler {
  private final List<Object> items;
  private int at;

  Cycler(List<Object> items) {
    this.items = items;
  }

  @Nullable Object attribute(String name) {
    return switch (name) {
      case "current" -> items.get(at);
      case "items" -> Tuple.of(items);
      case "pos" -> (long) at;
      case "next" ->
          new Function(
              name,
              (arguments, render) -> {
                arguments.positional("next", 0, 0);
                Object item = items.get(at);
                at = (at + 1) % items.size();
                return item;
              });
      case "reset" ->
          new Function(
              name,
              (arguments, render) -> {
                arguments.positional("reset", 0, 0);
                at = 0;
                return None.NONE;
              });
      default -> null;
    };
  }
}
