package dev.freshet.model;

import java.util.List;
import java.util.function.Supplier;

/**
 * Which rows of a batch use an adapter. A decoder whose linear layers are made by {@link #beside}
 * computes the base model for all rows at once, and adds the product of each adapter to its rows.
 * Belongs to the thread that computes.
 */
public final class RowAdapters {
  /**
   * Rows that use one adapter.
   *
   * @param start the first of them
   * @param count how many; they lie side by side
   */
  public record Group(LoraProducts adapter, long start, long count) {}

  private List<Group> groups = List.of();

  /** Makes linear layers with the adapters computed beside them. */
  public Linear.Maker beside(Linear.Maker linears) {
    return layers ->
        new AdaptedLinear(linears.make(layers), layers.stream().map(Affine::name).toList(), this);
  }

  /** Runs a computation whose rows use these adapters, and the other rows none. */
  public <T> T with(List<Group> used, Supplier<T> computation) {
    groups = List.copyOf(used);
    try {
      return computation.get();
    } finally {
      groups = List.of();
    }
  }

  List<Group> groups() {
    return groups;
  }
}
