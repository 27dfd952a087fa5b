package dev.freshet.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Collects the events of several completions in the order in which the engine made them. */
final class StepTimeline implements Outlet {
  private final List<TokenEvent> events = new ArrayList<>();
  private Optional<Runnable> onDelivery = Optional.empty();

  /** Calls {@code action} on the engine's thread after each delivery. */
  synchronized void onDelivery(Runnable action) {
    onDelivery = Optional.of(action);
  }

  @Override
  public void deliver(List<TokenEvent> step) {
    Optional<Runnable> action;
    synchronized (this) {
      events.addAll(step);
      action = onDelivery;
    }
    action.ifPresent(Runnable::run);
  }

  synchronized List<TokenEvent> events() {
    return List.copyOf(events);
  }

  List<TokenEvent> of(Engine.Generation generation) {
    return events().stream().filter(event -> event.generation().equals(generation)).toList();
  }

  List<Integer> tokens(Engine.Generation generation) {
    return of(generation).stream().map(TokenEvent::token).toList();
  }

  /** The events of {@code generation} before the first event of {@code other}. */
  List<TokenEvent> before(Engine.Generation generation, Engine.Generation other) {
    return events().stream()
        .takeWhile(event -> !event.generation().equals(other))
        .filter(event -> event.generation().equals(generation))
        .toList();
  }

  boolean ended(Engine.Generation generation) {
    return of(generation).stream().anyMatch(event -> event.finish().isPresent());
  }

  /** Waits for the end of a completion; returns its reason. */
  FinishReason finish(Engine.Generation generation) throws InterruptedException {
    Fixture.eventually(() -> ended(generation));
    return of(generation).getLast().finish().orElseThrow();
  }
}
