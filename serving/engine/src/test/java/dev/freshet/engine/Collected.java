package dev.freshet.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Collects the events of one completion. */
public final class Collected implements Outlet {
  private final List<TokenEvent> events = new ArrayList<>();
  private final CountDownLatch finished = new CountDownLatch(1);
  private Optional<Engine.Generation> generation = Optional.empty();

  public static Collected of(Engine engine, GenerationRequest request) {
    Collected collected = new Collected();
    collected.generation = Optional.of(engine.submit(request, collected));
    return collected;
  }

  @Override
  public synchronized void deliver(List<TokenEvent> step) {
    events.addAll(step);
    if (step.stream().anyMatch(event -> event.finish().isPresent())) {
      finished.countDown();
    }
  }

  List<PromptLogprob> promptLogprobs() {
    return generation.orElseThrow().promptLogprobs();
  }

  void cancel() {
    generation.orElseThrow().cancel();
  }

  synchronized List<TokenEvent> events() {
    return List.copyOf(events);
  }

  /** The generated tokens so far. */
  List<Integer> tokens() {
    return events().stream().map(TokenEvent::token).filter(token -> token >= 0).toList();
  }

  List<Long> versions() {
    return events().stream().map(TokenEvent::policyVersion).toList();
  }

  /** Waits for the end; returns its reason. */
  public FinishReason finish() throws InterruptedException {
    if (!finished.await(Fixture.DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("no end within %s: %s".formatted(Fixture.DEADLINE, events()));
    }
    return events().getLast().finish().orElseThrow();
  }

  /** Waits for the end; returns all tokens. */
  List<Integer> all() throws InterruptedException {
    finish();
    return tokens();
  }

  void awaitTokens(int count) throws InterruptedException {
    Fixture.eventually(() -> tokens().size() >= count);
  }
}
