package dev.freshet.analysis;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Keeps the newest {@link #MOST} items. */
final class Recent<T> {
  static final int MOST = 1 << 16;

  private final Deque<T> items = new ArrayDeque<>();
  private long dropped;

  void add(T item) {
    items.addLast(item);
    if (items.size() > MOST) {
      items.removeFirst();
      dropped++;
    }
  }

  List<T> items() {
    return List.copyOf(items);
  }

  /** The number of items no longer kept. */
  long dropped() {
    return dropped;
  }
}
