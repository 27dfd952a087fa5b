package dev.freshet.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** One completion's events, as an engine delivers them. */
public final class Collected implements Outlet {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

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

  /** Waits for the end and says why it came. */
  public FinishReason finish() throws InterruptedException {
    if (!finished.await(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("no end within %s: %s".formatted(DEADLINE, events()));
    }
    return events().getLast().finish().orElseThrow();
  }

  /** The tokens, once all are there. */
  List<Integer> all() throws InterruptedException {
    finish();
    return tokens();
  }

  void awaitTokens(int count) throws InterruptedException {
    eventually(() -> tokens().size() >= count);
  }

  public static void eventually(BooleanSupplier holds) throws InterruptedException {
    long end = System.nanoTime() + DEADLINE.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("never came true");
      }
      Thread.sleep(1);
    }
  }
}
