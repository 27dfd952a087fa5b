package dev.freshet.plots;

import java.util.List;

/** What values are drawn over, with its unit in the title. */
public sealed interface Axis {
  String title();

  /**
   * Evenly, from the least value to the greatest.
   *
   * @param least the axis begins there or below
   * @param most the axis ends there or above
   */
  record Linear(String title, double least, double most) implements Axis {}

  /** By size; a value of zero or less stands at the beginning. */
  record Logarithmic(String title) implements Axis {}

  /** Places with names; the first of them is at 0, the next at 1. */
  record Named(String title, List<String> names) implements Axis {
    public Named {
      names = List.copyOf(names);
    }
  }
}
