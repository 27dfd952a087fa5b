package dev.freshet.plots;

import java.util.List;

/** An axis of a plot; the title includes the unit. */
public sealed interface Axis {
  String title();

  /**
   * A linear axis that includes every value.
   *
   * @param min the axis begins at this value or below
   * @param max the axis ends at this value or above
   */
  record Linear(String title, double min, double max) implements Axis {}

  /** A logarithmic axis; a value of zero or less is drawn at its beginning. */
  record Logarithmic(String title) implements Axis {}

  /** An axis of names; the first is at 0, the next at 1. */
  record Named(String title, List<String> names) implements Axis {
    public Named {
      names = List.copyOf(names);
    }
  }
}
