package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A set of time spans that tells whether another span overlaps one of them. */
final class TimeSpans {
  /** A span of time. */
  record Span(double start, double end) {}

  private final List<Span> spans = new ArrayList<>();
  private boolean merged;

  /** Adds a span; one with an unknown bound is left out. */
  void add(double start, double end) {
    if (start <= end) {
      spans.add(new Span(start, end));
      merged = false;
    }
  }

  boolean meets(double start, double end) {
    merge();
    int low = 0;
    int high = spans.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (spans.get(middle).end < start) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < spans.size() && spans.get(low).start <= end;
  }

  /** The spans by time; those that overlap are one. */
  List<Span> merged() {
    merge();
    return List.copyOf(spans);
  }

  private void merge() {
    if (merged) {
      return;
    }
    spans.sort(Comparator.comparingDouble(Span::start));
    List<Span> apart = new ArrayList<>();
    for (Span span : spans) {
      if (apart.isEmpty() || apart.getLast().end < span.start) {
        apart.add(span);
      } else if (apart.getLast().end < span.end) {
        apart.set(apart.size() - 1, new Span(apart.getLast().start, span.end));
      }
    }
    spans.clear();
    spans.addAll(apart);
    merged = true;
  }
}
