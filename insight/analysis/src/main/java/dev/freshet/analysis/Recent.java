package dev.freshet.analysis;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The newest {@link #MOST} of what is added. */
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

  /** How many are no longer kept. */
  long dropped() {
    return dropped;
  }
}
