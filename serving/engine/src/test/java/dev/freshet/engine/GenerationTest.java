package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.QWEN3;
import static dev.freshet.engine.Fixture.greedy;
import static dev.freshet.engine.Fixture.seeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.engine.EngineException.Kind;
import dev.freshet.engine.Fixture.Golden;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Completions of the real engine on real, small models. */
@Timeout(120)
class GenerationTest {
  private static final int[] PROMPT = {320, 363, 364};

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-qwen3"})
  void greedyCompletionsThatJoinAndLeaveAtDifferentTimesAreThoseOfTransformers(String name)
      throws Exception {
    Path fixture = LLAMA.resolveSibling(name);
    List<Golden> golden = Fixture.golden(fixture);
    try (EmbeddedEngine engine = Fixture.engine(fixture, 5, 64)) {
      List<Collected> started = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        Golden one = golden.get(i % golden.size());
        int tokens = 1 + i * 7 % one.greedy().size();
        started.add(Collected.of(engine, greedy(one.prompt(), tokens)));
        if (i % 6 == 5) {
          started.get(i - 3).awaitTokens(1);
        }
      }
      for (int i = 0; i < started.size(); i++) {
        Golden one = golden.get(i % golden.size());
        int tokens = 1 + i * 7 % one.greedy().size();
        assertThat(started.get(i).all())
            .as("completion %d of '%s'", i, one.text())
            .isEqualTo(one.greedy().subList(0, tokens));
        assertThat(started.get(i).finish()).isEqualTo(FinishReason.LENGTH);
      }
      Fixture.eventually(() -> engine.running() == 0);
    }
  }

  @Test
  void logprobsAreThoseOfTransformersAndTheMostLikelyTokensAreSorted() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      for (Golden one : Fixture.golden(LLAMA)) {
        Collected collected = Collected.of(engine, withTop(one.prompt(), 24, 5));
        collected.finish();
        for (int i = 0; i < 24; i++) {
          TokenEvent event = collected.events().get(i);
          assertThat((double) event.logprob()).isCloseTo(one.logprobs().get(i), within(1e-4));
          assertThat(event.top()).hasSize(5);
          assertThat(event.top().getFirst())
              .isEqualTo(new TokenEvent.TopLogprob(event.token(), event.logprob()));
          assertThat(event.top())
              .isSortedAccordingTo((a, b) -> Float.compare(b.logprob(), a.logprob()));
          assertThat(event.top()).extracting(TokenEvent.TopLogprob::token).doesNotHaveDuplicates();
        }
      }
    }
  }

  @Test
  void aSeededCompletionIsTheSameAloneAndAmongOthers() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(QWEN3, 8, 64)) {
      List<Integer> alone = Collected.of(engine, seeded(PROMPT, 60, 11)).all();

      List<Collected> others = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        others.add(Collected.of(engine, seeded(new int[] {i, 9, 8, 7, i + 3}, 10 + 15 * i, i)));
      }
      others.getLast().awaitTokens(2);
      Collected again = Collected.of(engine, seeded(PROMPT, 60, 11));
      again.awaitTokens(5);
      Collected late = Collected.of(engine, seeded(new int[] {1}, 20, 3));

      assertThat(again.all()).isEqualTo(alone);
      assertThat(late.all()).hasSize(20);
      assertThat(Collected.of(engine, seeded(PROMPT, 60, 12)).all()).isNotEqualTo(alone);
    }
  }

  @Test
  void temperatureZeroAndTopKOneAreGreedy() throws Exception {
    List<Integer> greedy = Fixture.golden(LLAMA).getFirst().greedy();
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      for (GenerationRequest request :
          List.of(sampled(0, 1, 0), sampled(1, 1, 1), sampled(1e-40, 1, 0), sampled(2, 1e-6, 0))) {
        assertThat(Collected.of(engine, request).all()).as("%s", request).isEqualTo(greedy);
      }
    }
  }

  @Test
  void aCompletionEndsAtItsMaxTokensItsStopTokenOrTheContext() throws Exception {
    Golden one = Fixture.golden(LLAMA).getFirst();
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      int stop = one.greedy().get(6);
      Collected stopped =
          Collected.of(
              engine,
              Fixture.request(
                  one.prompt(), 20, 0, 1, 0, OptionalLong.empty(), Set.of(stop, 9999), 0));
      Collected atLimit = Collected.of(engine, greedy(one.prompt(), 1));
      int[] long250 = new int[250];
      Arrays.fill(long250, 17);
      Collected atContext = Collected.of(engine, greedy(long250, 1000));
      int[] long255 = new int[255];
      Collected lastToken = Collected.of(engine, greedy(long255, 1000));

      assertThat(stopped.finish()).isEqualTo(FinishReason.STOP);
      assertThat(stopped.tokens()).isEqualTo(one.greedy().subList(0, 7));
      assertThat(atLimit.finish()).isEqualTo(FinishReason.LENGTH);
      assertThat(atLimit.tokens()).hasSize(1);
      assertThat(atContext.finish()).isEqualTo(FinishReason.LENGTH);
      assertThat(atContext.tokens()).hasSize(6);
      assertThat(lastToken.all()).hasSize(1);
      assertThat(stopped.events().stream().filter(event -> event.finish().isPresent())).hasSize(1);
    }
  }

  @Test
  void requestsThatDoNotFitTheModelAreInvalid() {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      assertInvalid(
          engine, greedy(new int[0], 1), "the prompt is empty: expected at least one token");
      assertInvalid(engine, greedy(new int[] {1, -1}, 1), "prompt token -1: expected 0 to 511");
      assertInvalid(engine, greedy(new int[] {512}, 1), "prompt token 512: expected 0 to 511");
      assertInvalid(
          engine,
          greedy(new int[256], 1),
          "the prompt has 256 tokens: expected at most 255: the context (inference.max_model_len) is 256, and one token is generated");
      assertInvalid(engine, greedy(PROMPT, 0), "max_tokens 0: expected at least 1");
      assertThat(engine.running() + engine.waiting()).isZero();
    }
  }

  @Test
  void aFullAdmissionQueueRefusesAndACancelledCompletionLeavesIt() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA, 1, 2)) {
      Collected running = Collected.of(engine, greedy(PROMPT, 250));
      running.awaitTokens(1);
      Collected first = Collected.of(engine, greedy(PROMPT, 3));
      Collected second = Collected.of(engine, greedy(PROMPT, 3));
      assertThat(engine.waiting()).isEqualTo(2);
      assertThatExceptionOfType(EngineException.class)
          .isThrownBy(() -> Collected.of(engine, greedy(PROMPT, 3)))
          .withMessage(
              "the admission queue is full: 2 completions wait already, at most 2 may: 1 more; retry later")
          .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.OVERLOADED));

      first.cancel();
      assertThat(engine.waiting()).isEqualTo(1);
      Collected third = Collected.of(engine, greedy(PROMPT, 3));
      running.cancel();

      assertThat(second.all()).isEqualTo(third.all()).hasSize(3);
      assertThat(first.events()).isEmpty();
      assertThat(running.events()).noneMatch(event -> event.finish().isPresent());
    }
  }

  @Test
  void cancellingARunningCompletionFreesItsPlaceAndTheOthersContinueUnchanged() throws Exception {
    List<Golden> golden = Fixture.golden(LLAMA);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA, 4, 8)) {
      Collected cancelled = Collected.of(engine, greedy(golden.get(0).prompt(), 250));
      List<Collected> others = new ArrayList<>();
      for (Golden one : golden.subList(1, 4)) {
        others.add(Collected.of(engine, greedy(one.prompt(), 24)));
      }
      Collected waiting = Collected.of(engine, greedy(golden.get(0).prompt(), 24));
      others.getFirst().awaitTokens(3);

      cancelled.cancel();
      cancelled.cancel();

      for (int i = 0; i < 3; i++) {
        assertThat(others.get(i).all()).isEqualTo(golden.get(i + 1).greedy());
      }
      assertThat(waiting.all()).isEqualTo(golden.get(0).greedy());
      Fixture.eventually(() -> engine.running() == 0 && engine.waiting() == 0);
      int seen = cancelled.events().size();
      assertThat(Collected.of(engine, greedy(PROMPT, 10)).all()).hasSize(10);
      assertThat(cancelled.events()).hasSize(seen);
    }
  }

  @Test
  void closingAbortsRunningAndWaitingCompletionsAndRefusesNewOnes() throws Exception {
    EmbeddedEngine engine = Fixture.engine(LLAMA, 2, 8);
    List<Collected> started = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      started.add(Collected.of(engine, greedy(PROMPT, 250)));
    }
    started.getFirst().awaitTokens(2);

    engine.close();
    engine.close();

    for (Collected one : started) {
      assertThat(one.finish()).isEqualTo(FinishReason.ABORT);
      assertThat(one.events().getLast().token()).isEqualTo(-1);
    }
    assertThat(started.getLast().tokens()).isEmpty();
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> Collected.of(engine, greedy(PROMPT, 1)))
        .withMessage("the engine is shutting down")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.OVERLOADED));
  }

  private static void assertInvalid(Engine engine, GenerationRequest request, String message) {
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> Collected.of(engine, request))
        .withMessage(message)
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.INVALID));
  }

  private static GenerationRequest sampled(double temperature, double topP, int topK) {
    return Fixture.request(PROMPT, 24, temperature, topP, topK, OptionalLong.of(3), Set.of(), 0);
  }

  private static GenerationRequest withTop(int[] prompt, int maxTokens, int top) {
    return Fixture.request(prompt, maxTokens, 0, 1, 0, OptionalLong.empty(), Set.of(), top);
  }
}
