package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.SamplingRows.sequence;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.engine.SamplingRows.Parameters;
import dev.freshet.wire.LogitRules;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sampling parameters of requests, in one step and in whole completions of the real engine. */
@Timeout(120)
class SamplingParametersTest {
  private static final int[] PROMPT = {320, 363, 364};

  /** Every way to choose a token. */
  private static final List<Parameters> KINDS =
      List.of(
          Parameters.PLAIN,
          Parameters.at(0),
          Parameters.at(0.7),
          Parameters.PLAIN.topP(0.9),
          Parameters.PLAIN.topK(50),
          Parameters.at(1.2).topK(20).topP(0.8).minP(0.02),
          Parameters.PLAIN.minP(0.1).processed(3),
          Parameters.PLAIN.processed(0),
          Parameters.at(0).rules(new LogitRules(0, Map.of(7, 5.0), 1, 0, 0)).processed(2),
          Parameters.PLAIN.rules(new LogitRules(0, Map.of(7, 5.0, 9, -100.0), 1, 0, 0)),
          Parameters.at(0.9)
              .topP(0.95)
              .rules(new LogitRules(4, Map.of(), 1.2, 0.3, 0.5))
              .stopTokens(2, 11));

  @ParameterizedTest
  @ValueSource(ints = {40, 256, 1000, 32_017})
  void aSampleIsTheSameToTheLastBitWhicheverRowsAreInTheStep(int vocab) {
    float[] logits = SamplingRows.normal(vocab, 3, vocab);
    Random random = new Random(vocab);
    for (int seed = 0; seed < 3; seed++) {
      List<Sampler.Sample> alone = new ArrayList<>();
      for (Parameters kind : KINDS) {
        alone.add(SamplingRows.sample(logits, fresh(kind, seed)));
      }
      for (int round = 0; round < 3; round++) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, KINDS.size()).boxed().toList());
        Collections.shuffle(order, random);
        List<Integer> rows = order.subList(0, 1 + random.nextInt(KINDS.size()));
        int ownSeed = seed;
        List<Sampler.Sample> together =
            SamplingRows.sample(
                logits, rows.stream().map(row -> fresh(KINDS.get(row), ownSeed)).toList());
        for (int i = 0; i < rows.size(); i++) {
          assertThat(together.get(i)).isEqualTo(alone.get(rows.get(i)));
        }
      }
    }
  }

  @Test
  void seededCompletionsAreTheSameAloneAndWhileOthersJoinAndLeave() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA, 6, 64)) {
      List<List<Integer>> alone = new ArrayList<>();
      for (Parameters kind : KINDS) {
        alone.add(Collected.of(engine, kind.request(PROMPT, 40, 5)).all());
      }
      List<Collected> together = new ArrayList<>();
      for (int i = 0; i < KINDS.size(); i++) {
        Collected other =
            Collected.of(engine, KINDS.get(i).request(new int[] {i, 9, 8 + i}, 3 + 5 * i, i));
        together.add(Collected.of(engine, KINDS.get(i).request(PROMPT, 40, 5)));
        if (i % 3 == 1) {
          together.get(i - 1).awaitTokens(2);
          other.cancel();
        }
      }

      for (int i = 0; i < KINDS.size(); i++) {
        assertThat(together.get(i).all()).as("%s", KINDS.get(i)).isEqualTo(alone.get(i));
      }
    }
  }

  @Test
  void aCompletionDoesNotEndByAStopTokenBeforeMinTokens() throws Exception {
    Fixture.Golden one = Fixture.golden(LLAMA).getFirst();
    int stop = one.greedy().get(2);
    Parameters stops = Parameters.at(0).stopTokens(stop);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Integer> early = Collected.of(engine, stops.request(one.prompt(), 40, 1)).all();
      Parameters later = stops.rules(new LogitRules(12, Map.of(stop, 100.0), 1, 0, 0));
      Collected late = Collected.of(engine, later.request(one.prompt(), 40, 1));

      assertThat(early.size()).isLessThanOrEqualTo(3);
      assertThat(late.all()).hasSize(13).endsWith(stop);
      assertThat(late.all().subList(0, 12)).doesNotContain(stop);
      assertThat(late.finish()).isEqualTo(FinishReason.STOP);
    }
  }

  @Test
  void penaltiesCountTheTokensOfTheCompletionAsItGrows() throws Exception {
    // A bias above every logit makes one of three tokens certain; the penalty makes it the one that
    // was generated least often.
    Map<Integer, Double> bias = Map.of(50, 100.0, 51, 99.0, 52, 98.0);
    Parameters greedy = Parameters.at(0).rules(new LogitRules(0, bias, 1, 2, 0));
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Integer> tokens = Collected.of(engine, greedy.request(PROMPT, 90, 1)).all();

      assertThat(tokens).hasSize(90).containsOnly(50, 51, 52);
      for (int token = 50; token <= 52; token++) {
        assertThat(Collections.frequency(tokens, token)).isBetween(20, 40);
      }
    }
  }

  @Test
  void minTokensOfARequestThatAnyTokenEndsAreRefused() {
    Integer[] all = IntStream.range(0, 512).boxed().toArray(Integer[]::new);
    Parameters never = Parameters.PLAIN.stopTokens(all);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      GenerationRequest request =
          never.rules(new LogitRules(1, Map.of(), 1, 0, 0)).request(PROMPT, 9, 1);
      assertThatThrownBy(() -> engine.submit(request, _ -> {}))
          .isInstanceOf(EngineException.class)
          .hasMessage(
              "min_tokens 1: expected 0, because every token of the vocabulary is a stop token");
    }
  }

  private static Sequence fresh(Parameters parameters, long seed) {
    return sequence(parameters, seed, new int[] {1, 2, 3, 2}, 4, 5, 4);
  }
}
