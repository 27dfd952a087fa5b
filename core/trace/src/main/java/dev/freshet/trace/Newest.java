package dev.freshet.trace;

import java.util.LinkedHashMap;
import java.util.Map;

/** A map that keeps its newest entries, up to a bound. Not thread-safe. */
public final class Newest<K, V> extends LinkedHashMap<K, V> {
  private static final long serialVersionUID = 1L;

  private final int most;

  public Newest(int most) {
    this.most = most;
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > most;
  }
}
