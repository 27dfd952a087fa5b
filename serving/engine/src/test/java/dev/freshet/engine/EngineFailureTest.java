package dev.freshet.engine;

import static dev.freshet.engine.Fixture.DEADLINE;
import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.engine.EngineException.Kind;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Errors and native exceptions on the engine's thread. */
@Timeout(120)
class EngineFailureTest {
  private static final int[] PROMPT = {320, 363, 364};
  private static final long PERIOD_NANOS = 1_000_000;

  private final AtomicLong now = new AtomicLong();

  /** What the clock throws on the engine's thread. */
  private volatile Optional<Supplier<Error>> error = Optional.empty();

  private long read() {
    if (error.isPresent() && Thread.currentThread().getName().equals("freshet-engine")) {
      throw error.get().get();
    }
    return now.get();
  }

  static Stream<Supplier<Error>> errors() {
    return Stream.of(
        StackOverflowError::new,
        () -> new OutOfMemoryError("Java heap space"),
        () -> new NoClassDefFoundError("org/bytedeco/pytorch/Tensor"),
        () -> new UnsatisfiedLinkError("no jnitorch"),
        () -> new AssertionError("impossible"));
  }

  @ParameterizedTest
  @MethodSource("errors")
  void anErrorInTheLoopAnswersEverythingThatWaitsAndEverythingLater(Supplier<Error> thrown)
      throws Exception {
    StepTimeline timeline = new StepTimeline();
    SyntheticEngine engine =
        new SyntheticEngine(
            "m",
            8,
            new int[] {4, 5},
            1e9 / PERIOD_NANOS,
            this::read,
            new EngineMetrics(new MetricsRegistry(), now::get));
    List<Engine.Generation> completions = new ArrayList<>();
    completions.add(engine.submit(request(), timeline));
    completions.add(engine.submit(request(), timeline));
    eventually(() -> timeline.events().size() == 2);
    CompletableFuture<WeightUpdate> draining = drain(engine);
    eventually(
        () ->
            Waits.open().stream()
                .anyMatch(wait -> wait.what().equals("running completions to end")));
    CompletableFuture<WeightUpdate> queued = drain(engine);
    CompletableFuture<Void> pausing = engine.pause(PauseMode.WAIT, false);
    eventually(engine::paused);
    completions.add(engine.submit(request(), timeline));
    assertThat(engine.waiting()).isEqualTo(1);
    assertThat(engine.failure()).isNotDone();

    error = Optional.of(thrown);
    now.addAndGet(PERIOD_NANOS);
    completions.add(submitUnlessFailed(engine, timeline));

    String reason = "the engine has failed: %s; restart the server".formatted(thrown.get());
    for (Engine.Generation one : completions) {
      assertThat(timeline.finish(one)).isEqualTo(FinishReason.ERROR);
    }
    assertFailed(draining, reason);
    assertFailed(queued, reason);
    assertFailed(pausing, reason);
    assertThat(engine.failure().get(60, TimeUnit.SECONDS))
        .hasMessage(reason)
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FAILED));
    assertFailed(engine.pause(PauseMode.KEEP, true), reason);
    assertFailed(engine.resume(), reason);
    assertFailed(drain(engine), reason);
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> engine.submit(request(), timeline))
        .withMessage(reason)
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FAILED));
    assertThat(engine.running() + engine.waiting()).isZero();
    error = Optional.empty();
    engine.close();
    assertThat(engine.failure()).isDone();
  }

  private static Engine.Generation submitUnlessFailed(Engine engine, StepTimeline timeline) {
    try {
      return engine.submit(request(), timeline);
    } catch (EngineException alreadyFailed) {
      assertThat(alreadyFailed.kind()).isEqualTo(Kind.FAILED);
      return timeline.events().getFirst().generation();
    }
  }

  private static GenerationRequest request() {
    return Fixture.request(new int[] {4}, 1000, 1, 1, 0, OptionalLong.empty(), Set.of(), 0);
  }

  private static CompletableFuture<WeightUpdate> drain(Engine engine) {
    CompletableFuture<WeightUpdate> outcome = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("update")
        .start(
            () -> {
              try {
                outcome.complete(
                    engine.update(new WeightOperation.Reload(UpdateMode.DRAIN), DEADLINE));
              } catch (RuntimeException e) {
                outcome.completeExceptionally(e);
              }
            });
    return outcome;
  }

  private static void assertFailed(CompletableFuture<?> operation, String reason) {
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(() -> operation.get(60, TimeUnit.SECONDS))
        .havingCause()
        .withMessage(reason)
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.kind()).isEqualTo(Kind.FAILED));
  }

  @Test
  void anErrorOfAnOutletEndsTheEngineAndTheOtherOutletsGetTheEnd() throws Exception {
    StepTimeline timeline = new StepTimeline();
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Engine.Generation other = engine.submit(greedy(PROMPT, 250), timeline);
      eventually(() -> !timeline.of(other).isEmpty());
      engine.submit(
          greedy(PROMPT, 250),
          events -> {
            throw new StackOverflowError();
          });

      assertThat(timeline.finish(other)).isEqualTo(FinishReason.ERROR);
      assertThat(engine.failure().get(60, TimeUnit.SECONDS))
          .hasMessageContaining("StackOverflowError");
      assertThat(timeline.of(other).stream().filter(event -> event.finish().isPresent()))
          .hasSize(1);
    }
  }

  @Test
  void anOutletThatThrowsLosesItsOwnCompletionsOnly() throws Exception {
    StepTimeline timeline = new StepTimeline();
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Engine.Generation other = engine.submit(greedy(PROMPT, 250), timeline);
      engine.submit(
          greedy(PROMPT, 250),
          events -> {
            throw new IllegalStateException("an outlet that does not keep its contract");
          });

      assertThat(timeline.finish(other)).isEqualTo(FinishReason.LENGTH);
      eventually(() -> engine.running() == 0);
      assertThat(engine.failure()).isNotDone();
    }
  }

  /** A token id outside the vocabulary, which libtorch refuses with a native exception. */
  @Test
  void aNativeExceptionOfAPrefillEndsTheCompletionsOfThatPrefillOnly() throws Exception {
    List<Integer> undisturbed = Fixture.continuationOn(LLAMA, PROMPT, 250);
    List<Integer> golden = Fixture.golden(LLAMA).getFirst().greedy();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 4, 16)) {
      Collected stream = Collected.of(engine, greedy(PROMPT, 250));
      stream.awaitTokens(2);
      for (int length : List.of(5, 60)) {
        engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
        Collected poisoned = poisoned(engine, length);
        engine.resume().get(60, TimeUnit.SECONDS);

        assertThat(poisoned.finish()).isEqualTo(FinishReason.ERROR);
        assertThat(poisoned.tokens()).isEmpty();
      }
      assertThat(stream.all()).isEqualTo(undisturbed);
      assertThat(engine.failure()).isNotDone();
      assertThat(Collected.of(engine, greedy(Fixture.golden(LLAMA).getFirst().prompt(), 24)).all())
          .isEqualTo(golden);
    }
  }

  @Test
  void anEngineWhoseStepsKeepFailingEnds() throws Exception {
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 1, 16)) {
      engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
      List<Collected> poisoned = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        poisoned.add(poisoned(engine, 5));
      }
      Collected waiting = Collected.of(engine, greedy(PROMPT, 250));
      engine.resume().get(60, TimeUnit.SECONDS);

      for (Collected one : poisoned) {
        assertThat(one.finish()).isEqualTo(FinishReason.ERROR);
      }
      assertThat(waiting.finish()).isEqualTo(FinishReason.ERROR);
      assertThat(engine.failure().get(60, TimeUnit.SECONDS))
          .hasMessageContaining("3 steps in a row failed");
    }
  }

  private static Collected poisoned(Engine engine, int length) {
    int[] prompt = Fixture.prompt(length, length);
    Collected collected = Collected.of(engine, greedy(prompt, 10));
    prompt[length - 2] = 1 << 20;
    return collected;
  }
}
