package dev.freshet.trace;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The server-sent events of a run's live page: lines, all of which are kept, and states, of which
 * only the newest of each name is kept. A watcher resumes after the last event it received, on any
 * connection; a watcher of an earlier feed starts from the beginning. Once all events exceed
 * {@value #MAX_MB} MiB the oldest lines are dropped. Never blocks on a watcher. Thread-safe.
 */
public final class LiveFeed {
  private static final int MAX_MB = 32;

  /** The largest event of lines, so that sending one occupies an event loop only briefly. */
  private static final int MAX_EVENT_BYTES = 16 << 10;

  /**
   * An event.
   *
   * @param number its number in the feed, rising from 1
   * @param frame its bytes as sent
   */
  public record Event(long number, byte[] frame) {}

  private final String epoch = TraceId.random().hex();
  private final ConcurrentSkipListMap<Long, Event> events = new ConcurrentSkipListMap<>();
  private final Map<String, Long> states = new HashMap<>();
  private final List<Runnable> watchers = new CopyOnWriteArrayList<>();
  private long last;
  private long bytes;

  /** The unique id of this feed. */
  public String epoch() {
    return epoch;
  }

  /** Adds lines, each a JSON object without a line break. */
  public void lines(List<String> json) {
    StringBuilder data = new StringBuilder();
    for (String line : json) {
      if (!data.isEmpty() && data.length() + line.length() > MAX_EVENT_BYTES) {
        add("lines", data.append(']'));
        data = new StringBuilder();
      }
      data.append(data.isEmpty() ? '[' : ',').append(line);
    }
    if (!data.isEmpty()) {
      add("lines", data.append(']'));
    }
  }

  /** Replaces the state of a name; {@code json} has no line break. */
  public void state(String name, String json) {
    synchronized (this) {
      long number = append(name, json);
      Long before = states.put(name, number);
      if (before != null) {
        drop(before);
      }
    }
    watchers.forEach(Runnable::run);
  }

  private void add(String name, CharSequence data) {
    synchronized (this) {
      append(name, data);
      while (bytes > (long) MAX_MB << 20) {
        drop(oldestLines());
      }
    }
    watchers.forEach(Runnable::run);
  }

  /** The caller must hold the lock. */
  private long append(String name, CharSequence data) {
    long number = last + 1;
    byte[] frame =
        "id: %s-%d\nevent: %s\ndata: %s\n\n"
            .formatted(epoch, number, name, data)
            .getBytes(StandardCharsets.UTF_8);
    events.put(number, new Event(number, frame));
    bytes += frame.length;
    last = number;
    return number;
  }

  private long oldestLines() {
    return events.keySet().stream()
        .filter(number -> !states.containsValue(number))
        .findFirst()
        .orElseThrow();
  }

  private void drop(long number) {
    Event dropped = events.remove(number);
    bytes -= dropped == null ? 0 : dropped.frame().length;
  }

  /** The number in an event id that a watcher sent; 0 if it is not of this feed. */
  public long number(String id) {
    String begin = epoch + "-";
    try {
      return id.startsWith(begin) ? Long.parseLong(id.substring(begin.length())) : 0;
    } catch (NumberFormatException e) {
      return 0; // Not an id of this feed: start from the beginning.
    }
  }

  /** The first event after a number, if there is one. */
  public Optional<Event> after(long number) {
    return Optional.ofNullable(events.higherEntry(number)).map(Map.Entry::getValue);
  }

  /** Calls {@code wake} after every event, on the thread that added it, until {@link #forget}. */
  public void watch(Runnable wake) {
    watchers.add(wake);
  }

  /** Stops calling {@code wake}. */
  public void forget(Runnable wake) {
    watchers.remove(wake);
  }

  /** Whether there is a watcher. */
  public boolean watched() {
    return !watchers.isEmpty();
  }
}
