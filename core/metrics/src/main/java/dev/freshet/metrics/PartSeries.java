package dev.freshet.metrics;

import dev.freshet.trace.PartTimes;
import dev.freshet.trace.UpdatePart;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Counts the parts of weight operations, one series a part. A part with a name unknown here gets a
 * series of that name; after {@link #MAX_UNKNOWN} of them further ones share {@value #OTHER}, so
 * that a server cannot make the page grow without bound. Thread-safe.
 */
public final class PartSeries {
  private static final int MAX_UNKNOWN = 16;
  private static final int MAX_CHARACTERS = 64;
  private static final String OTHER = "other";

  private final Set<UpdatePart> counted;
  private final Set<String> unknown = ConcurrentHashMap.newKeySet();

  /**
   * @param counted the known parts to count
   */
  public PartSeries(Set<UpdatePart> counted) {
    this.counted = Set.copyOf(counted);
  }

  /**
   * Counts the parts of one operation.
   *
   * @param series the histogram of a part, by its label
   */
  public void count(PartTimes times, Function<String, Histogram> series) {
    times.forEach(
        (name, ms) -> {
          if (UpdatePart.of(name).map(counted::contains).orElse(true)) {
            series.apply(label(name)).millis(ms);
          }
        });
  }

  private String label(String name) {
    String label = UpdatePart.label(name);
    boolean known = UpdatePart.of(name).isPresent() || unknown.contains(label);
    if (known) {
      return label;
    }
    if (unknown.size() >= MAX_UNKNOWN || label.length() > MAX_CHARACTERS) {
      return OTHER;
    }
    unknown.add(label);
    return label;
  }
}
