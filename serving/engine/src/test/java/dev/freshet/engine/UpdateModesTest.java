package dev.freshet.engine;

import static dev.freshet.engine.Fixture.DEADLINE;
import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an update and a pause do to the completions that a real engine is generating. */
@Timeout(120)
class UpdateModesTest {
  private static final int[] PROMPT = {320, 363, 364};
  private static final int LONG = 253;

  @TempDir Path dir;

  @Test
  void recomputeContinuesAsAnEngineOfTheNewVersionWouldFromTheTokensSoFar() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> frozen = frozen(engine, 3);
      List<List<Integer>> before = frozen.stream().map(Collected::tokens).toList();

      WeightUpdate update =
          engine.update(
              Fixture.updateTo(checkpoint, OptionalLong.of(1), UpdateMode.RECOMPUTE), DEADLINE);
      engine.resume().get(60, TimeUnit.SECONDS);

      assertThat(update.commit().orElseThrow().recomputeMs()).isPositive();
      try (EmbeddedEngine fresh = Fixture.engine(checkpoint)) {
        for (int i = 0; i < frozen.size(); i++) {
          int made = before.get(i).size();
          assertThat(frozen.get(i).all())
              .hasSize(LONG)
              .startsWith(before.get(i).toArray(Integer[]::new));
          assertThat(frozen.get(i).versions().subList(0, made)).containsOnly(0L);
          assertThat(frozen.get(i).versions().subList(made, LONG)).containsOnly(1L);
          assertThat(frozen.get(i).tokens().subList(made, made + 24))
              .isEqualTo(continuation(fresh, before.get(i), 24));
        }
      }
    }
  }

  @Test
  void drainEndsRunningCompletionsUnderTheOldVersionAndHoldsNewOnesForTheNew() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> running = start(engine, 4);
      for (Collected one : running) {
        one.awaitTokens(5);
      }
      List<Collected> waiting = start(engine, 4);

      WeightUpdate update =
          engine.update(
              Fixture.updateTo(checkpoint, OptionalLong.of(1), UpdateMode.DRAIN), DEADLINE);

      assertThat(update.policyVersion()).isEqualTo(1);
      for (Collected one : running) {
        assertThat(one.all()).hasSize(LONG);
        assertThat(one.versions()).containsOnly(0L);
      }
      for (Collected one : waiting) {
        assertThat(one.all()).hasSize(LONG);
        assertThat(one.versions()).containsOnly(1L);
      }
    }
  }

  @Test
  void aDrainThatMissesItsDeadlineFailsAndBlocksNothingAfterwards() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> frozen = frozen(engine, 2);
      assertThatExceptionOfType(EngineException.class)
          .isThrownBy(
              () ->
                  engine.update(
                      Fixture.updateTo(checkpoint, OptionalLong.of(1), UpdateMode.DRAIN), DEADLINE))
          .withMessageContaining("cannot drain: 2 completions are paused");
      engine.resume().get(60, TimeUnit.SECONDS);
      engine.update(Fixture.prepare(checkpoint, OptionalLong.of(1)), DEADLINE);
      WeightOperation drain =
          new WeightOperation.Commit(Optional.empty(), OptionalLong.of(1), UpdateMode.DRAIN, false);
      assertThatExceptionOfType(EngineException.class)
          .isThrownBy(() -> engine.update(drain, Duration.ofMillis(20)))
          .withMessageMatching("cannot (swap in|read the files of) version 1.*");

      for (Collected one : frozen) {
        assertThat(one.all()).hasSize(LONG);
        assertThat(one.versions()).containsOnly(0L);
      }
      assertThat(continuation(engine, List.of(), 8)).hasSize(8);
    }
  }

  @Test
  void abortEndsRunningCompletionsWithTheirTokensAndWaitingOnesRunUnderTheNewVersion()
      throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> running = frozen(engine, 4);
      List<Collected> waiting = start(engine, 2);

      engine.update(Fixture.updateTo(checkpoint, OptionalLong.of(1), UpdateMode.ABORT), DEADLINE);
      engine.resume().get(60, TimeUnit.SECONDS);

      for (Collected one : running) {
        assertThat(one.finish()).isEqualTo(FinishReason.ABORT);
        assertThat(one.tokens()).hasSizeBetween(5, LONG - 1);
        assertThat(one.versions()).containsOnly(0L);
      }
      for (Collected one : waiting) {
        assertThat(one.all()).hasSize(LONG);
        assertThat(one.versions()).containsOnly(1L);
      }
    }
  }

  @Test
  void aPauseWithModeKeepFreezesCompletionsAndTheyContinueUnchanged() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Integer> undisturbed = continuation(engine, List.of(), LONG);
      List<Collected> frozen = frozen(engine, 2);
      List<Integer> counts = frozen.stream().map(one -> one.tokens().size()).toList();
      Collected queued = start(engine, 1).getFirst();

      assertThat(engine.paused()).isTrue();
      assertThat(waits()).contains("POST /resume on the client that paused it");
      // A request is answered between two steps: after the second one a whole turn has passed.
      engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
      engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
      assertThat(frozen.stream().map(one -> one.tokens().size())).isEqualTo(counts);
      assertThat(queued.tokens()).isEmpty();
      engine.resume().get(60, TimeUnit.SECONDS);

      assertThat(engine.paused()).isFalse();
      assertThat(waits()).doesNotContain("POST /resume on the client that paused it");
      for (Collected one : frozen) {
        assertThat(one.all()).isEqualTo(undisturbed);
      }
      assertThat(queued.all()).isEqualTo(undisturbed);
    }
  }

  @Test
  void aPauseThatClearsTheCacheRebuildsItUnderTheWeightsThatServeOnResume() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Collected one = start(engine, 1).getFirst();
      one.awaitTokens(5);
      engine.pause(PauseMode.KEEP, true).get(60, TimeUnit.SECONDS);
      List<Integer> before = one.tokens();
      Fixture.update(engine, checkpoint, OptionalLong.of(1));
      engine.resume().get(60, TimeUnit.SECONDS);

      try (EmbeddedEngine fresh = Fixture.engine(checkpoint)) {
        assertThat(one.all().subList(before.size(), before.size() + 24))
            .isEqualTo(continuation(fresh, before, 24));
      }
    }
  }

  @Test
  void aPauseWithModeWaitIsInForceOnceRunningCompletionsHaveEnded() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> running = start(engine, 2);
      running.forEach(UpdateModesTest::awaitFive);
      engine.pause(PauseMode.WAIT, true).get(60, TimeUnit.SECONDS);

      for (Collected one : running) {
        assertThat(one.all()).hasSize(LONG);
      }
      Collected queued = start(engine, 1).getFirst();
      assertThat(engine.waiting()).isEqualTo(1);
      engine.pause(PauseMode.WAIT, true).get(60, TimeUnit.SECONDS);
      engine.resume().get(60, TimeUnit.SECONDS);
      assertThat(queued.all()).hasSize(LONG);
    }
  }

  @Test
  void aPauseWithModeAbortEndsAllCompletionsAndQueuesLaterOnes() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> started = start(engine, 6);
      started.subList(0, 4).forEach(UpdateModesTest::awaitFive);
      engine.pause(PauseMode.ABORT, true).get(60, TimeUnit.SECONDS);
      Collected later = start(engine, 1).getFirst();

      for (Collected one : started) {
        assertThat(one.finish()).isEqualTo(FinishReason.ABORT);
      }
      engine.resume().get(60, TimeUnit.SECONDS);
      assertThat(later.all()).hasSize(LONG);
    }
  }

  @Test
  void aCompletionCancelledDuringAPauseFreesItsPlaceAtOnce() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> frozen = frozen(engine, 4);
      assertThat(engine.running()).isEqualTo(4);

      frozen.forEach(Collected::cancel);

      Fixture.eventually(() -> engine.running() == 0);
    }
  }

  @Test
  void pausesAndResumesOfAClosingEngineFail() {
    EmbeddedEngine engine = Fixture.engine(LLAMA);
    start(engine, 1).forEach(UpdateModesTest::awaitFive);
    CompletableFuture<Void> pause = engine.pause(PauseMode.WAIT, false);
    engine.close();

    assertThat(pause)
        .satisfiesAnyOf(
            p -> assertThat(p).isCompleted(), p -> assertThat(p).isCompletedExceptionally());
    assertThat(engine.resume()).isCompletedExceptionally();
  }

  private static void awaitFive(Collected one) {
    try {
      one.awaitTokens(5);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Collected> start(Engine engine, int count) {
    List<Collected> started = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      started.add(Collected.of(engine, greedy(PROMPT, LONG)));
    }
    return started;
  }

  private static List<String> waits() {
    return Waits.open().stream().map(wait -> wait.what() + " on " + wait.on()).toList();
  }

  /** Completions that are paused before their end. */
  private static List<Collected> frozen(Engine engine, int count) throws Exception {
    List<Collected> started = start(engine, count);
    started.forEach(UpdateModesTest::awaitFive);
    engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
    assertThat(started).allMatch(one -> one.tokens().size() < LONG - 30);
    return started;
  }

  /** What an engine makes of the prompt and further tokens. */
  private static List<Integer> continuation(Engine engine, List<Integer> further, int count)
      throws InterruptedException {
    int[] tokens =
        Stream.of(IntStream.of(PROMPT), further.stream().mapToInt(Integer::intValue))
            .flatMapToInt(part -> part)
            .toArray();
    return Fixture.continuation(engine, tokens, count);
  }
}
