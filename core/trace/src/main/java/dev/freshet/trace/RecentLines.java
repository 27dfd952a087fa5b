package dev.freshet.trace;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;

/** The newest {@value #MOST} log lines, each with its time. Thread-safe. */
public final class RecentLines {
  private static final int MOST = 10_000;

  private record Line(long millis, String text) {}

  private final ArrayDeque<Line> lines = new ArrayDeque<>();
  private final InstantSource time;

  public RecentLines(InstantSource time) {
    this.time = time;
  }

  /** Adds a line. */
  public synchronized void add(String text) {
    if (lines.size() == MOST) {
      lines.removeFirst();
    }
    lines.addLast(new Line(time.millis(), text));
  }

  /** All of them, the oldest first. The lock is held only for a copy, not while text is built. */
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
