package dev.freshet.engine;

import static dev.freshet.engine.Fixture.DEADLINE;
import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.QWEN3;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.engine.Fixture.Golden;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prompts that a real engine computes in parts, because they are longer than a step's tokens. */
@Timeout(120)
class LongPromptTest {
  private static final int[] SHORT = {320, 363, 364};
  private static final int STEP_TOKENS = 8;
  private static final int[] LONG = Fixture.prompt(200, 1);

  @TempDir Path dir;

  static List<String> fixtures() throws IOException {
    try (Stream<Path> directories = Files.list(LLAMA.resolveSibling(""))) {
      return directories.map(directory -> directory.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void completionsOfPromptsInPartsAreThoseOfTransformers(String name) throws Exception {
    Path fixture = LLAMA.resolveSibling(name);
    List<Golden> all = Fixture.golden(fixture);
    int longest = all.stream().mapToInt(Golden::maxLength).max().orElseThrow();
    List<Golden> golden = all.stream().filter(one -> one.maxLength() == longest).toList();
    for (int stepTokens : List.of(1, 2, 3, 7, 16)) {
      try (EmbeddedEngine engine = Fixture.inParts(fixture, 3, stepTokens)) {
        List<Collected> started = new ArrayList<>();
        for (Golden one : golden) {
          started.add(Collected.of(engine, greedy(one.prompt(), one.greedy().size())));
        }
        for (int i = 0; i < golden.size(); i++) {
          assertThat(started.get(i).all())
              .as("'%s' in parts of %d tokens", golden.get(i).text(), stepTokens)
              .isEqualTo(golden.get(i).greedy());
          for (int token = 0; token < golden.get(i).greedy().size(); token++) {
            assertThat((double) started.get(i).events().get(token).logprob())
                .isCloseTo(golden.get(i).logprobs().get(token), within(1e-4));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 64, 199, 200})
  void aLongPromptGivesTheSameCompletionInPartsAsWhole(int stepTokens) throws Exception {
    try (EmbeddedEngine whole = Fixture.inParts(QWEN3, 1, 256);
        EmbeddedEngine parts = Fixture.inParts(QWEN3, 1, stepTokens)) {
      Collected expected = Collected.of(whole, greedy(LONG, 50));
      Collected inParts = Collected.of(parts, greedy(LONG, 50));

      assertThat(inParts.all()).isEqualTo(expected.all()).hasSize(50);
      for (int token = 0; token < 50; token++) {
        assertThat(inParts.events().get(token).logprob())
            .isCloseTo(expected.events().get(token).logprob(), within(1e-4f));
      }
    }
  }

  @Test
  void streamsGetATokenBetweenAnyTwoPartsOfALongPrompt() throws Exception {
    StepTimeline timeline = new StepTimeline();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 4, STEP_TOKENS)) {
      List<Engine.Generation> streams = streams(engine, timeline, 2);
      Engine.Generation longest = engine.submit(greedy(LONG, 2), timeline);
      int before = timeline.of(streams.getFirst()).size();
      engine.resume().get(60, TimeUnit.SECONDS);

      assertThat(timeline.finish(longest)).isEqualTo(FinishReason.LENGTH);
      for (Engine.Generation stream : streams) {
        assertThat(timeline.before(stream, longest).size() - before)
            .as("tokens of a stream beside a prompt that has 6 tokens of a step")
            .isBetween(33, 34);
      }
    }
  }

  /** Streams of at least one token each, in a paused engine. */
  private static List<Engine.Generation> streams(Engine engine, StepTimeline timeline, int count)
      throws Exception {
    // All begin in one step, and the engine's thread asks for the pause: while this one is not
    // scheduled, a stream could make all its tokens.
    engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
    CompletableFuture<Void> paused = new CompletableFuture<>();
    AtomicBoolean asked = new AtomicBoolean();
    timeline.onDelivery(
        () -> {
          long begun = timeline.events().stream().map(TokenEvent::generation).distinct().count();
          if (begun == count && asked.compareAndSet(false, true)) {
            var _ = engine.pause(PauseMode.KEEP, false).thenAccept(paused::complete);
          }
        });
    List<Engine.Generation> streams = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      streams.add(engine.submit(greedy(SHORT, 250), timeline));
    }
    engine.resume().get(60, TimeUnit.SECONDS);
    paused.get(60, TimeUnit.SECONDS);
    return streams;
  }

  @ParameterizedTest
  @EnumSource(UpdateMode.class)
  void anUpdateDuringALongPromptWaitsForOneStepUnlessItDrains(UpdateMode mode) throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    StepTimeline timeline = new StepTimeline();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 4, STEP_TOKENS)) {
      List<Engine.Generation> streams = streams(engine, timeline, 1);
      Engine.Generation stream = streams.getFirst();
      int before = timeline.of(stream).size();
      Engine.Generation longest = engine.submit(greedy(LONG, 20), timeline);
      CompletableFuture<WeightUpdate> update = new CompletableFuture<>();
      timeline.onDelivery(
          onceStreamed(timeline, stream, before + 3, update, engine, checkpoint, mode));
      engine.resume().get(60, TimeUnit.SECONDS);

      assertThat(update.get(60, TimeUnit.SECONDS).policyVersion()).isEqualTo(1);
      FinishReason end = timeline.finish(longest);
      List<Long> versions = timeline.of(longest).stream().map(TokenEvent::policyVersion).toList();
      switch (mode) {
        case KEEP, RECOMPUTE -> {
          assertThat(versions).hasSize(20).containsOnly(1L);
          assertThat(
                  timeline.before(stream, longest).stream()
                      .filter(event -> event.policyVersion() == 1))
              .as("tokens of the new version beside the rest of the prompt")
              .hasSizeGreaterThanOrEqualTo(20);
        }
        case DRAIN -> {
          assertThat(versions).hasSize(20).containsOnly(0L);
          assertThat(timeline.finish(stream)).isEqualTo(FinishReason.LENGTH);
        }
        case ABORT -> {
          assertThat(end).isEqualTo(FinishReason.ABORT);
          assertThat(timeline.tokens(longest)).containsExactly(-1);
        }
      }
      List<Integer> fresh = Fixture.continuationOn(checkpoint, LONG, 20);
      if (mode == UpdateMode.RECOMPUTE) {
        assertThat(timeline.tokens(longest)).as("the prompt begins again").isEqualTo(fresh);
      }
      stream.cancel();
      assertThat(Fixture.continuation(engine, LONG, 20)).isEqualTo(fresh);
    }
  }

  /**
   * Once the stream has {@code tokens} tokens, requests the update and holds the engine's thread
   * until the update waits for it.
   */
  private static Runnable onceStreamed(
      StepTimeline timeline,
      Engine.Generation stream,
      int tokens,
      CompletableFuture<WeightUpdate> update,
      Engine engine,
      Path checkpoint,
      UpdateMode mode) {
    return () -> {
      if (timeline.of(stream).size() == tokens) {
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    update.complete(
                        engine.update(
                            Fixture.updateTo(checkpoint, OptionalLong.of(1), mode), DEADLINE));
                  } catch (RuntimeException e) {
                    update.completeExceptionally(e);
                  }
                });
        try {
          Fixture.eventually(
              () ->
                  Waits.open().stream()
                      .anyMatch(
                          wait ->
                              wait.on().equals("the decode loop")
                                  && wait.what().contains("to end")));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  @Test
  void aLongPromptThatIsCancelledOrAbortedLeavesItsPlaceToTheNext() throws Exception {
    List<Integer> expected = Fixture.continuationOn(LLAMA, LONG, 20);
    StepTimeline timeline = new StepTimeline();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 2, STEP_TOKENS)) {
      Engine.Generation stream = streams(engine, timeline, 1).getFirst();
      Engine.Generation cancelled = engine.submit(greedy(Fixture.prompt(220, 2), 20), timeline);
      Engine.Generation next = engine.submit(greedy(LONG, 20), timeline);
      int before = timeline.of(stream).size();
      timeline.onDelivery(
          () -> {
            if (timeline.of(stream).size() == before + 5) {
              assertThat(engine.waiting()).as("the second long prompt").isEqualTo(1);
              cancelled.cancel();
            }
          });
      engine.resume().get(60, TimeUnit.SECONDS);

      assertThat(timeline.finish(next)).isEqualTo(FinishReason.LENGTH);
      assertThat(timeline.tokens(next)).isEqualTo(expected);
      assertThat(timeline.of(cancelled)).isEmpty();

      Engine.Generation aborted = engine.submit(greedy(Fixture.prompt(220, 3), 20), timeline);
      int since = timeline.of(stream).size();
      Fixture.eventually(() -> timeline.of(stream).size() > since + 2);
      engine.pause(PauseMode.ABORT, true).get(60, TimeUnit.SECONDS);
      engine.resume().get(60, TimeUnit.SECONDS);
      assertThat(timeline.finish(aborted)).isEqualTo(FinishReason.ABORT);
      assertThat(Fixture.continuation(engine, LONG, 20)).isEqualTo(expected);
      Fixture.eventually(() -> engine.running() == 0);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPausedLongPromptContinuesOnResume(boolean clearCache) throws Exception {
    StepTimeline timeline = new StepTimeline();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 2, STEP_TOKENS)) {
      Engine.Generation stream = streams(engine, timeline, 1).getFirst();
      Engine.Generation longest = engine.submit(greedy(LONG, 20), timeline);
      int before = timeline.of(stream).size();
      CompletableFuture<Integer> paused = new CompletableFuture<>();
      timeline.onDelivery(
          () -> {
            if (timeline.of(stream).size() == before + 5) {
              var _ =
                  engine
                      .pause(PauseMode.KEEP, clearCache)
                      .thenRun(() -> paused.complete(timeline.events().size()));
            }
          });
      engine.resume().get(60, TimeUnit.SECONDS);
      int events = paused.get(60, TimeUnit.SECONDS);
      engine.pause(PauseMode.KEEP, clearCache).get(60, TimeUnit.SECONDS);

      assertThat(timeline.events()).hasSize(events);
      assertThat(timeline.of(longest)).isEmpty();
      assertThat(engine.running()).isEqualTo(2);
      engine.resume().get(60, TimeUnit.SECONDS);
      assertThat(timeline.finish(longest)).isEqualTo(FinishReason.LENGTH);
      assertThat(timeline.tokens(longest)).isEqualTo(Fixture.continuationOn(LLAMA, LONG, 20));
    }
  }

  @Test
  void aLongPromptMayEndWithItsFirstTokenAndMayBeTheOnlySequence() throws Exception {
    List<Integer> expected = Fixture.continuationOn(LLAMA, LONG, 1);
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 1, STEP_TOKENS)) {
      List<Collected> started = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        started.add(Collected.of(engine, greedy(LONG, 1)));
      }
      for (Collected one : started) {
        assertThat(one.finish()).isEqualTo(FinishReason.LENGTH);
        assertThat(one.tokens()).isEqualTo(expected);
      }
      Fixture.eventually(() -> engine.running() == 0);
    }
  }

  @Test
  void closingAbortsALongPromptInItsMiddle() throws Exception {
    EmbeddedEngine engine = Fixture.inParts(LLAMA, 2, 1);
    StepTimeline timeline = new StepTimeline();
    Engine.Generation stream = streams(engine, timeline, 1).getFirst();
    Engine.Generation longest = engine.submit(greedy(LONG, 20), timeline);
    int before = timeline.of(stream).size();
    engine.resume().get(60, TimeUnit.SECONDS);
    Fixture.eventually(() -> timeline.of(stream).size() > before + 1);
    engine.close();

    assertThat(timeline.finish(longest)).isEqualTo(FinishReason.ABORT);
  }

  @Test
  void promptsOfEveryLengthThatJoinAndLeaveGiveWhatTheyGiveAlone() throws Exception {
    SplittableRandom random = new SplittableRandom(7);
    Map<Integer, List<Integer>> alone = new HashMap<>();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 1, 256)) {
      for (int length = 1; length <= 230; length += 6) {
        alone.put(length, Fixture.continuation(engine, Fixture.prompt(length, length), 20));
      }
    }
    List<Integer> lengths = alone.keySet().stream().sorted().toList();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 5, 16)) {
      List<Collected> kept = new ArrayList<>();
      List<Integer> of = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        int length = lengths.get(random.nextInt(lengths.size()));
        Collected one =
            Collected.of(engine, greedy(Fixture.prompt(length, length), 1 + random.nextInt(20)));
        if (random.nextInt(4) == 0) {
          if (random.nextBoolean()) {
            Fixture.eventually(() -> engine.waiting() < 3);
          }
          one.cancel();
        } else {
          kept.add(one);
          of.add(length);
        }
      }
      for (int i = 0; i < kept.size(); i++) {
        List<Integer> tokens = kept.get(i).all();
        assertThat(tokens)
            .as("completion %d of a prompt of %d tokens", i, of.get(i))
            .isEqualTo(Objects.requireNonNull(alone.get(of.get(i))).subList(0, tokens.size()));
      }
      Fixture.eventually(() -> engine.running() == 0 && engine.waiting() == 0);
    }
  }
}
