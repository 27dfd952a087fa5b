package dev.freshet.engine;

import static dev.freshet.engine.Fixture.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SyntheticEngineTest {
  private static final long PERIOD_NANOS = 1_000_000;

  private static final int VOCAB_SIZE = 8;
  private static final int[] CYCLE = {4, 5, 6, 7};

  /** The engine's clock, which the test advances. */
  private final AtomicLong now = new AtomicLong();

  private final List<TokenEvent> events = new CopyOnWriteArrayList<>();

  @Test
  void everyCompletionGetsATokenAStepUntilItsEnd() throws Exception {
    try (SyntheticEngine engine = engine(now::get)) {
      var three = engine.submit(request(3), events::addAll);
      var six = engine.submit(request(6), events::addAll);
      for (int step = 1; step <= 6; step++) {
        int tokens = Math.min(step, 3) + step;
        eventually(() -> events.size() == tokens);
        now.addAndGet(PERIOD_NANOS);
      }
      eventually(() -> engine.running() == 0);

      assertThat(tokens(of(three))).containsExactly(4, 5, 6);
      assertThat(tokens(of(six))).containsExactly(4, 5, 6, 7, 4, 5);
      assertThat(of(six).getLast().finish()).contains(FinishReason.LENGTH);
      assertThat(of(six).subList(0, 5)).allMatch(event -> event.finish().isEmpty());
    }
  }

  @Test
  void lateStepsAreSkipped() throws Exception {
    try (SyntheticEngine engine = engine(now::get)) {
      engine.submit(request(100), events::addAll);
      eventually(() -> events.size() == 1);
      now.addAndGet(10 * PERIOD_NANOS);
      eventually(() -> events.size() == 2);
      // An update is answered between two steps: after the second one a whole turn has passed.
      engine.update(new WeightOperation.Reload(UpdateMode.KEEP), Fixture.DEADLINE);
      engine.update(new WeightOperation.Reload(UpdateMode.KEEP), Fixture.DEADLINE);

      assertThat(events).hasSize(2);
      now.addAndGet(PERIOD_NANOS);
      eventually(() -> events.size() == 3);
    }
  }

  @Test
  void aStopTokenEndsACompletionAndACancelledOneHasNoFurtherEvents() throws Exception {
    try (SyntheticEngine engine = engine(now::get)) {
      var stopped =
          engine.submit(
              Fixture.request(new int[] {4}, 9, 1, 1, 0, OptionalLong.empty(), Set.of(5), 0),
              events::addAll);
      var cancelled = engine.submit(request(9), events::addAll);
      eventually(() -> events.size() == 2);
      cancelled.cancel();
      now.addAndGet(PERIOD_NANOS);
      eventually(() -> events.size() == 3);

      assertThat(of(stopped).getLast().finish()).contains(FinishReason.STOP);
      eventually(() -> engine.running() == 0);
      assertThat(of(cancelled)).hasSize(1);
    }
  }

  @Test
  void anUpdateStampsTheTokensAfterItAndAReloadReturnsToVersionZero() throws Exception {
    try (SyntheticEngine engine = engine(now::get)) {
      engine.submit(request(9), events::addAll);
      eventually(() -> events.size() == 1);
      assertThat(Fixture.update(engine, Path.of("w"), OptionalLong.of(7)))
          .returns(7L, WeightUpdate::policyVersion);
      now.addAndGet(PERIOD_NANOS);
      eventually(() -> events.size() == 2);
      engine.update(new WeightOperation.Reload(UpdateMode.KEEP), Fixture.DEADLINE);
      now.addAndGet(PERIOD_NANOS);
      eventually(() -> events.size() == 3);

      assertThat(events.stream().map(TokenEvent::policyVersion)).containsExactly(0L, 7L, 0L);
      assertThat(engine.policyVersion()).isZero();
    }
  }

  @Test
  void closingAbortsRunningCompletionsAndRefusesNewOnes() {
    SyntheticEngine engine = engine(now::get);
    engine.submit(request(9), events::addAll);
    engine.close();

    assertThat(events)
        .last()
        .extracting(TokenEvent::finish)
        .isEqualTo(Optional.of(FinishReason.ABORT));
    assertThatThrownBy(() -> engine.submit(request(9), events::addAll))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("shutting down");
  }

  @Test
  void aRequestWithoutTokensToGenerateIsRefused() {
    try (SyntheticEngine engine = engine(MonotonicClock.SYSTEM)) {
      assertThatThrownBy(() -> engine.submit(request(0), events::addAll))
          .hasMessageContaining("max_tokens 0: expected at least 1");
    }
  }

  private SyntheticEngine engine(MonotonicClock clock) {
    return new SyntheticEngine(
        "m",
        VOCAB_SIZE,
        CYCLE,
        1e9 / PERIOD_NANOS,
        clock,
        new EngineMetrics(new MetricsRegistry(), clock));
  }

  private static GenerationRequest request(int maxTokens) {
    return Fixture.request(new int[] {4}, maxTokens, 1, 1, 0, OptionalLong.empty(), Set.of(), 0);
  }

  private List<TokenEvent> of(Engine.Generation generation) {
    return events.stream().filter(event -> event.generation().equals(generation)).toList();
  }

  private static List<Integer> tokens(List<TokenEvent> made) {
    return made.stream().map(TokenEvent::token).toList();
  }
}
