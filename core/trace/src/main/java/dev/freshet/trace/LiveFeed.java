package dev.freshet.trace;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What is told of a run to whoever watches, as server-sent events: lines, which all count, and
 * states, of which the newest of a name counts. A watcher goes on after the last event it has, also
 * on another connection; one of an earlier feed begins anew. Of lines the newest {@value #MOST_MB}
 * MB are kept. Nothing here waits for a watcher. Thread-safe.
 */
public final class LiveFeed {
  private static final int MOST_MB = 32;

  /** The most that an event of lines has, so that sending one holds an event loop for a moment. */
  private static final int MOST_EVENT_BYTES = 16 << 10;

  /**
   * An event.
   *
   * @param number rises within a feed, from 1 on
   * @param frame all of it, as it is sent
   */
  public record Event(long number, byte[] frame) {}

  private final String epoch = TraceId.random().hex();
  private final ConcurrentSkipListMap<Long, Event> events = new ConcurrentSkipListMap<>();
  private final Map<String, Long> states = new HashMap<>();
  private final List<Runnable> watchers = new CopyOnWriteArrayList<>();
  private long last;
  private long bytes;

  /** What tells this feed from others. */
  public String epoch() {
    return epoch;
  }

  /** Adds lines, each a JSON object without a line break. */
  public void lines(List<String> json) {
    StringBuilder data = new StringBuilder();
    for (String line : json) {
      if (!data.isEmpty() && data.length() + line.length() > MOST_EVENT_BYTES) {
        add("lines", data.append(']'));
        data = new StringBuilder();
      }
      data.append(data.isEmpty() ? '[' : ',').append(line);
    }
    if (!data.isEmpty()) {
      add("lines", data.append(']'));
    }
  }

  /** Puts a state, JSON without a line break, in the place of the one of that name. */
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
      while (bytes > (long) MOST_MB << 20) {
        drop(oldestLines());
      }
    }
    watchers.forEach(Runnable::run);
  }

  /** Call it holding the lock. */
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

  /** The number of the event that a watcher had last, by its id; 0 for none of this feed. */
  public long number(String id) {
    String begin = epoch + "-";
    try {
      return id.startsWith(begin) ? Long.parseLong(id.substring(begin.length())) : 0;
    } catch (NumberFormatException e) {
      return 0; // Not an id of ours: it begins anew.
    }
  }

  /** The event after the one of that number, if there is one. */
  public Optional<Event> after(long number) {
    return Optional.ofNullable(events.higherEntry(number)).map(Map.Entry::getValue);
  }

  /** Has {@code wake} called after every event, by whoever adds it, until it is forgotten. */
  public void watch(Runnable wake) {
    watchers.add(wake);
  }

  /** Calls {@code wake} no more. */
  public void forget(Runnable wake) {
    watchers.remove(wake);
  }

  /** Whether anyone watches. */
  public boolean watched() {
    return !watchers.isEmpty();
  }
}
