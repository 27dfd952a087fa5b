package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.engine.SamplingRows.Parameters;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.LogitRules;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Constraints on the logits of a step, and in whole completions of the real engine. */
@Timeout(120)
class ConstrainedTokensTest {
  private static final float NEVER = Float.NEGATIVE_INFINITY;
  private static final int[] PROMPT = {320, 363, 364};

  private static GenerationRequest constrained(
      GenerationRequest request, List<Set<Integer>> tokens, boolean complete) {
    return new GenerationRequest(
        request.prompt(),
        request.maxTokens(),
        request.temperature(),
        request.topP(),
        request.topK(),
        request.minP(),
        request.seed(),
        request.stopTokens(),
        request.rules(),
        Optional.of(new FixedTokens(tokens, complete)),
        request.topLogprobs(),
        request.promptLogprobs(),
        request.logprobsMode(),
        request.priority(),
        request.cacheSalt(),
        request.adapter());
  }

  /** The logits of six tokens, of which token 0 is a stop token. */
  private static float[] edited(LogitRules rules, Integer... allowed) {
    Sequence sequence =
        new Sequence(
            constrained(
                Parameters.PLAIN.stopTokens(0).rules(rules).request(PROMPT, 9, 1),
                List.of(Set.of(allowed)),
                true),
            Optional.empty(),
            _ -> {},
            new SplittableRandom(1),
            9,
            0,
            _ -> {});
    float[] logits = {4, -4, 2, 0, 1, -1};
    new LogitEdits(6).apply(sequence, FloatBuffer.wrap(logits), 0);
    return logits;
  }

  @Test
  void everyOtherTokenIsForbiddenAfterTheRules() {
    assertThat(edited(new LogitRules(0, Map.of(3, 100.0, 5, 5.0), 1, 0, 0), 3, 4))
        .containsExactly(NEVER, NEVER, NEVER, 100, 1, NEVER);
    assertThat(edited(new LogitRules(4, Map.of(), 1, 0, 0), 0, 2))
        .containsExactly(NEVER, NEVER, 2, NEVER, NEVER, NEVER);
  }

  @Test
  void minTokensGiveWayWhereStopTokensAloneAreAllowed() {
    assertThat(edited(new LogitRules(4, Map.of(), 1, 0, 0), 0))
        .containsExactly(4, NEVER, NEVER, NEVER, NEVER, NEVER);
  }

  @Test
  void everyWayToChooseATokenChoosesAnAllowedOne() throws Exception {
    List<Parameters> kinds =
        List.of(
            Parameters.at(0),
            Parameters.at(2),
            Parameters.PLAIN.topP(0.5),
            Parameters.PLAIN.topK(3),
            Parameters.PLAIN.minP(0.2).processed(4),
            Parameters.at(1.5).rules(new LogitRules(30, Map.of(7, 100.0), 1.3, 0.5, 0.5)));
    List<Set<Integer>> tokens =
        new ArrayList<>(Collections.nCopies(20, Set.of(5, 63, 64, 300, 447)));
    tokens.add(Set.of(9));
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> made = new ArrayList<>();
      for (Parameters kind : kinds) {
        made.add(Collected.of(engine, constrained(kind.request(PROMPT, 60, 3), tokens, true)));
        made.add(Collected.of(engine, kind.request(PROMPT, 25, 3)));
      }
      for (int i = 0; i < made.size(); i += 2) {
        assertThat(made.get(i).finish()).isEqualTo(FinishReason.STOP);
        assertThat(made.get(i).tokens()).hasSize(21).endsWith(9);
        assertThat(made.get(i).tokens().subList(0, 20)).isSubsetOf(tokens.getFirst());
        assertThat(made.get(i + 1).finish()).isEqualTo(FinishReason.LENGTH);
      }
    }
  }

  @Test
  void aPreemptedCompletionKeepsItsConstraint() throws Exception {
    MetricsRegistry registry = new MetricsRegistry();
    List<Set<Integer>> tokens = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      tokens.add(Set.of(100 + i, 300 + i));
    }
    try (EmbeddedEngine engine = Fixture.withCache(LLAMA, 16, 1, registry)) {
      List<Collected> made = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        GenerationRequest request = Fixture.seeded(Fixture.prompt(100, i), 150, i);
        made.add(Collected.of(engine, constrained(request, tokens, true)));
      }
      for (Collected one : made) {
        assertThat(one.finish()).isEqualTo(FinishReason.STOP);
        assertThat(one.tokens()).hasSize(150);
        for (int i = 0; i < 150; i++) {
          assertThat(tokens.get(i)).contains(one.tokens().get(i));
        }
      }
      assertThat(Fixture.value(registry, "freshet_preemptions_total")).isPositive();
    }
  }

  @Test
  void rawLogprobsAreThoseOfTheModelAndProcessedOnesOfTheAllowedTokens() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      GenerationRequest free = Parameters.at(0).request(PROMPT, 1, 1);
      int likeliest = Collected.of(engine, free).all().getFirst();
      int other = likeliest == 7 ? 8 : 7;
      List<Set<Integer>> only = List.of(Set.of(other));
      Collected raw = Collected.of(engine, constrained(free, only, true));
      Collected processed =
          Collected.of(
              engine, constrained(Parameters.PLAIN.processed(3).request(PROMPT, 1, 1), only, true));
      assertThat(raw.all()).containsExactly(other);
      assertThat(raw.events().getFirst().logprob()).isLessThan(-0.1f);
      assertThat(processed.all()).containsExactly(other);
      assertThat(processed.events().getFirst().logprob()).isEqualTo(0f);
    }
  }

  @Test
  void aCompletionThatMayNotGoOnEndsAndWithAnErrorIfItIsNotWhole() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      GenerationRequest request = Parameters.PLAIN.request(PROMPT, 9, 1);
      List<Set<Integer>> tokens = List.of(Set.of(5, 6), Set.of(7));
      assertThat(Collected.of(engine, constrained(request, tokens, true)).finish())
          .isEqualTo(FinishReason.STOP);
      assertThat(Collected.of(engine, constrained(request, tokens, false)).finish())
          .isEqualTo(FinishReason.ERROR);
    }
  }

  @Test
  void aSyntheticEngineRefusesAConstraint() {
    try (SyntheticEngine engine =
        new SyntheticEngine(
            "m",
            100,
            new int[] {1},
            100,
            MonotonicClock.SYSTEM,
            new EngineMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM))) {
      GenerationRequest request =
          constrained(Parameters.PLAIN.request(new int[] {1}, 9, 1), List.of(Set.of(1)), true);
      assertThatThrownBy(() -> engine.submit(request, _ -> {}))
          .hasMessageContaining("structured output: expected an engine with a model");
    }
  }
}
