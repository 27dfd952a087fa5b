package dev.freshet.engine;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The events of the current step, which their outlets receive together. A cancelled sequence gets
 * no more events. Confined to the loop's thread.
 */
final class Outgoing {
  private static final Logger LOG = LoggerFactory.getLogger(Outgoing.class);

  private final IdentityHashMap<Outlet, List<TokenEvent>> events = new IdentityHashMap<>();

  /** Queues an event for the sequence's outlet. */
  void add(Sequence sequence, TokenEvent event) {
    if (event.finish().isPresent()) {
      sequence.ended();
    }
    if (!sequence.cancelled()) {
      events.computeIfAbsent(sequence.outlet(), _ -> new ArrayList<>()).add(event);
    }
  }

  /**
   * Queues the end of a sequence without a token.
   *
   * @param serving the version of the base model
   */
  void end(Sequence sequence, FinishReason reason, long serving) {
    add(
        sequence,
        new TokenEvent(sequence, -1, 0, sequence.version(serving), List.of(), Optional.of(reason)));
  }

  boolean isEmpty() {
    return events.isEmpty();
  }

  /**
   * Delivers all events, each once. The completions of an outlet that throws an exception are
   * cancelled. An error is thrown once the other outlets have their events.
   */
  void deliver() {
    Optional<Error> failed = Optional.empty();
    Iterator<Map.Entry<Outlet, List<TokenEvent>>> entries = events.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<Outlet, List<TokenEvent>> entry = entries.next();
      Outlet outlet = entry.getKey();
      List<TokenEvent> step = entry.getValue();
      entries.remove();
      try {
        deliver(outlet, step);
      } catch (Error e) {
        failed = failed.or(() -> Optional.of(e));
      }
    }
    if (failed.isPresent()) {
      throw failed.get();
    }
  }

  private static void deliver(Outlet outlet, List<TokenEvent> step) {
    List<Engine.Generation> receivers = step.stream().map(TokenEvent::generation).toList();
    try {
      outlet.deliver(step);
    } catch (RuntimeException e) {
      LOG.error(
          "an outlet failed: cancelling its {} completions of this step", receivers.size(), e);
      receivers.forEach(Engine.Generation::cancel);
    }
  }
}
