package dev.freshet.engine;

import static dev.freshet.engine.Fixture.DEADLINE;
import static dev.freshet.engine.Fixture.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every operation in every state of pauses and draining updates, while completions run that end
 * only when the test lets the engine take steps.
 */
@Timeout(120)
class PauseAndUpdateTest {
  private static final long PERIOD_NANOS = 1_000_000;
  private static final int TOKENS = 30;

  /** What is in effect when the operation is requested. Completions run in all but the last. */
  enum State {
    RUNNING,
    PAUSED_BY_KEEP,
    WAITING_TO_PAUSE,
    DRAINING,
    DRAINING_AND_WAITING_TO_PAUSE,
    PAUSED_WITHOUT_COMPLETIONS
  }

  enum Operation {
    UPDATE_KEEP,
    UPDATE_RECOMPUTE,
    UPDATE_DRAIN,
    UPDATE_ABORT,
    PAUSE_KEEP,
    PAUSE_WAIT,
    PAUSE_ABORT,
    RESUME,
    CANCEL_ALL
  }

  enum Outcome {
    /** Done while the completions still run or are paused. */
    DONE,
    /** Done once the completions have ended. */
    WAITS,
    /** Refused because of the state, which stays as it is. */
    REFUSED
  }

  static Stream<Arguments> table() {
    List<Arguments> rows = new ArrayList<>();
    for (State state : State.values()) {
      for (Operation operation : Operation.values()) {
        rows.add(Arguments.of(state, operation, expected(state, operation)));
      }
    }
    return rows.stream();
  }

  private static Outcome expected(State state, Operation operation) {
    return switch (state) {
      case PAUSED_WITHOUT_COMPLETIONS -> Outcome.DONE;
      case RUNNING ->
          operation == Operation.UPDATE_DRAIN || operation == Operation.PAUSE_WAIT
              ? Outcome.WAITS
              : Outcome.DONE;
      case PAUSED_BY_KEEP ->
          operation == Operation.UPDATE_DRAIN || operation == Operation.PAUSE_WAIT
              ? Outcome.REFUSED
              : Outcome.DONE;
      case WAITING_TO_PAUSE ->
          switch (operation) {
            case UPDATE_DRAIN, PAUSE_WAIT -> Outcome.WAITS;
            case PAUSE_KEEP -> Outcome.REFUSED;
            default -> Outcome.DONE;
          };
      case DRAINING, DRAINING_AND_WAITING_TO_PAUSE ->
          switch (operation) {
            case UPDATE_KEEP, UPDATE_RECOMPUTE, UPDATE_DRAIN, UPDATE_ABORT, PAUSE_WAIT ->
                Outcome.WAITS;
            case PAUSE_KEEP -> Outcome.REFUSED;
            default -> Outcome.DONE;
          };
    };
  }

  private final AtomicLong now = new AtomicLong();
  private final SyntheticEngine engine =
      new SyntheticEngine(
          "m",
          8,
          new int[] {4, 5},
          1e9 / PERIOD_NANOS,
          now::get,
          new EngineMetrics(new MetricsRegistry(), now::get));
  private final StepTimeline timeline = new StepTimeline();
  private final List<Engine.Generation> completions = new ArrayList<>();
  private final List<CompletableFuture<?>> earlier = new ArrayList<>();

  @ParameterizedTest
  @MethodSource("table")
  void noOperationWaitsForAResume(State state, Operation operation, Outcome outcome)
      throws Exception {
    try (engine) {
      bringAbout(state);
      boolean pausedBefore = engine.paused();

      CompletableFuture<?> requested = request(operation);

      switch (outcome) {
        case DONE -> requested.get(60, TimeUnit.SECONDS);
        case REFUSED -> {
          assertThat(refusal(requested).kind()).isEqualTo(EngineException.Kind.CONFLICT);
          assertThat(refusal(requested)).hasMessageMatching("cannot (drain|pause).*completions.*");
          assertThat(engine.paused()).isEqualTo(pausedBefore);
          assertThat(timeline.events()).noneMatch(event -> event.finish().isPresent());
        }
        case WAITS -> {
          awaitTaken(operation);
          assertThat(requested).isNotDone();
        }
      }
      boolean frozen =
          state == State.PAUSED_BY_KEEP
              || (operation == Operation.PAUSE_KEEP && outcome == Outcome.DONE);
      if (!frozen) {
        letCompletionsEnd();
        if (outcome == Outcome.WAITS) {
          requested.get(60, TimeUnit.SECONDS);
        }
        for (CompletableFuture<?> one : earlier) {
          settle(one, operation == Operation.RESUME);
        }
      }
      requireOrder();
    }
  }

  private void bringAbout(State state) throws Exception {
    if (state != State.PAUSED_WITHOUT_COMPLETIONS) {
      for (int i = 0; i < 3; i++) {
        completions.add(
            engine.submit(
                Fixture.request(new int[] {4}, TOKENS, 1, 1, 0, OptionalLong.empty(), Set.of(), 0),
                timeline));
      }
      eventually(() -> timeline.events().size() == 3);
    }
    switch (state) {
      case RUNNING -> {}
      case PAUSED_BY_KEEP, PAUSED_WITHOUT_COMPLETIONS ->
          engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
      case WAITING_TO_PAUSE -> {
        earlier.add(request(Operation.PAUSE_WAIT));
        awaitTaken(Operation.PAUSE_WAIT);
      }
      case DRAINING -> {
        earlier.add(request(Operation.UPDATE_DRAIN));
        awaitTaken(Operation.UPDATE_DRAIN);
      }
      case DRAINING_AND_WAITING_TO_PAUSE -> {
        earlier.add(request(Operation.UPDATE_DRAIN));
        awaitTaken(Operation.UPDATE_DRAIN);
        earlier.add(request(Operation.PAUSE_WAIT));
        awaitTaken(Operation.PAUSE_WAIT);
      }
    }
  }

  private CompletableFuture<?> request(Operation operation) {
    return switch (operation) {
      case UPDATE_KEEP -> update(UpdateMode.KEEP);
      case UPDATE_RECOMPUTE -> update(UpdateMode.RECOMPUTE);
      case UPDATE_DRAIN -> update(UpdateMode.DRAIN);
      case UPDATE_ABORT -> update(UpdateMode.ABORT);
      case PAUSE_KEEP -> engine.pause(PauseMode.KEEP, true);
      case PAUSE_WAIT -> engine.pause(PauseMode.WAIT, true);
      case PAUSE_ABORT -> engine.pause(PauseMode.ABORT, true);
      case RESUME -> engine.resume();
      case CANCEL_ALL -> {
        completions.forEach(Engine.Generation::cancel);
        yield CompletableFuture.completedFuture(null);
      }
    };
  }

  private CompletableFuture<WeightUpdate> update(UpdateMode mode) {
    CompletableFuture<WeightUpdate> outcome = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("update")
        .start(
            () -> {
              try {
                outcome.complete(engine.update(new WeightOperation.Reload(mode), DEADLINE));
              } catch (RuntimeException e) {
                outcome.completeExceptionally(e);
              }
            });
    return outcome;
  }

  /** Waits until the loop has a request that then waits. */
  private void awaitTaken(Operation operation) throws Exception {
    switch (operation) {
      case PAUSE_WAIT -> eventually(engine::paused);
      case UPDATE_DRAIN ->
          eventually(
              () ->
                  Waits.open().stream()
                      .anyMatch(wait -> wait.what().equals("running completions to end")));
      default -> {}
    }
  }

  private static EngineException refusal(CompletableFuture<?> refused) throws Exception {
    try {
      refused.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof EngineException why) {
        return why;
      }
    }
    throw new AssertionError("was not refused");
  }

  private void letCompletionsEnd() throws InterruptedException {
    eventually(
        () -> {
          now.addAndGet(PERIOD_NANOS);
          return engine.running() == 0;
        });
  }

  /** An earlier operation succeeds, unless it is a pause that a resume ended. */
  private static void settle(CompletableFuture<?> earlier, boolean resumed) throws Exception {
    try {
      earlier.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      assertThat(resumed).as("resumed").isTrue();
      assertThat(e).hasMessageContaining("resumed before the running completions had ended");
    }
  }

  /** After a resume, completions run and updates succeed. */
  private void requireOrder() throws Exception {
    engine.resume().get(60, TimeUnit.SECONDS);
    assertThat(engine.paused()).isFalse();
    letCompletionsEnd();
    for (CompletableFuture<?> one : earlier) {
      eventually(one::isDone);
    }
    engine.update(new WeightOperation.Reload(UpdateMode.DRAIN), DEADLINE);
    Engine.Generation last =
        engine.submit(
            Fixture.request(new int[] {4}, 1, 1, 1, 0, OptionalLong.empty(), Set.of(), 0),
            timeline);
    assertThat(timeline.finish(last)).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void aWithdrawnDrainRefusesNeitherAPauseNorTheNextDrain() throws Exception {
    try (engine) {
      bringAbout(State.RUNNING);
      int withdrawn = 0;
      while (withdrawn < 5) {
        try {
          engine.update(new WeightOperation.Reload(UpdateMode.DRAIN), Duration.ofMillis(20));
        } catch (EngineException e) {
          // On a busy machine the time may have passed before the drain began.
          assertThat(e).hasMessageMatching(".*(did not end within|did not answer before).*");
          withdrawn += String.valueOf(e.getMessage()).contains("did not end within") ? 1 : 0;
        }
      }
      engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
      requireOrder();
    }
  }
}
