package dev.freshet.fleet;

import dev.freshet.client.Call;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The completions that a replica streams now. For a program that does not report which version
 * sampled a token it synthesises that: a program that loads while it is paused changes its version
 * between the tokens that had arrived when its load was acknowledged and those that follow its
 * resume. Thread-safe.
 */
public final class ReplicaStreams {
  private final Map<Call, List<Span>> running = new HashMap<>();
  private long version;

  /** The tokens from {@code start} on were sampled by {@code version}. */
  private record Span(int start, long version) {}

  ReplicaStreams() {}

  /** The version of completions that begin now. It never falls while the replica serves. */
  public synchronized long version() {
    return version;
  }

  /** A completion begins. */
  public synchronized void started(Call call) {
    running.put(call, new ArrayList<>(List.of(new Span(0, version))));
  }

  /**
   * A completion has ended.
   *
   * @param tokens how many it has
   * @return the synthesised version of each
   */
  public synchronized int[] ended(Call call, int tokens) {
    int[] versions = versions(call, tokens);
    running.remove(call);
    return versions;
  }

  /** The synthesised version of each of the first tokens of a completion. */
  synchronized int[] versions(Call call, int tokens) {
    List<Span> spans = running.getOrDefault(call, List.of(new Span(0, version)));
    int[] versions = new int[tokens];
    for (Span span : spans) {
      for (int i = span.start(); i < tokens; i++) {
        versions[i] = Math.toIntExact(span.version());
      }
    }
    return versions;
  }

  /** A completion is no longer awaited. */
  public synchronized void remove(Call call) {
    running.remove(call);
  }

  /** Completions that begin from now on have {@code next}; running ones keep their version. */
  synchronized void begin(long next) {
    version = next;
  }

  /** The replica, which is paused, continues with {@code next}. */
  synchronized void change(long next) {
    version = next;
    running.forEach((call, spans) -> spans.add(new Span(call.tokens(), next)));
  }

  /** Cancels all running completions. */
  void cancel() {
    List<Call> ended;
    synchronized (this) {
      ended = List.copyOf(running.keySet());
      running.clear();
    }
    ended.forEach(Call::cancel);
  }
}
