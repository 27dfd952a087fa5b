package dev.freshet.trace;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;

/** The newest {@value #MOST} lines of what was logged, each with its time. Thread-safe. */
public final class RecentLines {
  private static final int MOST = 10_000;

  private record Line(long millis, String text) {}

  private final ArrayDeque<Line> lines = new ArrayDeque<>();

  /** Adds a line. */
  public synchronized void add(String text) {
    if (lines.size() == MOST) {
      lines.removeFirst();
    }
    lines.addLast(new Line(System.currentTimeMillis(), text));
  }

  /** All of them, the oldest first. Who adds one meanwhile waits for a copy, not for the text. */
  public List<String> lines() {
    List<Line> copy;
    synchronized (this) {
      copy = List.copyOf(lines);
    }
    return copy.stream()
        .map(line -> Instant.ofEpochMilli(line.millis()) + " " + line.text())
        .toList();
  }
}
