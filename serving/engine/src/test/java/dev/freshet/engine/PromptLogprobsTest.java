package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.engine.Fixture.Golden;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Logprobs of prompts that are a prompt of transformers and its greedy completion. */
@Timeout(120)
class PromptLogprobsTest {
  private static GenerationRequest scored(int[] prompt, int alternatives) {
    GenerationRequest plain = greedy(prompt, 2);
    return new GenerationRequest(
        plain.prompt(),
        plain.maxTokens(),
        plain.temperature(),
        plain.topP(),
        plain.topK(),
        plain.minP(),
        plain.seed(),
        plain.stopTokens(),
        plain.rules(),
        plain.constraint(),
        plain.topLogprobs(),
        OptionalInt.of(alternatives),
        plain.logprobsMode(),
        plain.priority(),
        plain.cacheSalt(),
        plain.adapter());
  }

  private static int[] whole(Golden golden) {
    return IntStream.concat(
            IntStream.of(golden.prompt()), golden.greedy().stream().mapToInt(Integer::intValue))
        .toArray();
  }

  private static void assertScored(Golden golden, List<PromptLogprob> logprobs) {
    int[] prompt = whole(golden);
    assertThat(logprobs).hasSize(prompt.length - 1);
    for (int i = 0; i < golden.greedy().size(); i++) {
      PromptLogprob token = logprobs.get(golden.prompt().length - 1 + i);
      assertThat(token.token()).isEqualTo(golden.greedy().get(i));
      assertThat((double) token.logprob()).isCloseTo(golden.logprobs().get(i), within(1e-4));
      assertThat(token.rank()).isOne();
      assertThat(token.top()).hasSize(3);
      assertThat(token.top().getFirst().token()).isEqualTo(token.token());
      assertThat(token.top().getFirst().logprob()).isEqualTo(token.logprob());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-llama", "tiny-qwen3"})
  void theLogprobsOfAPromptAreThoseThatItsTokensWereGeneratedWith(String name) throws Exception {
    Path fixture = LLAMA.resolveSibling(name);
    for (int stepTokens : List.of(3, 7, 256)) {
      try (EmbeddedEngine engine = Fixture.inParts(fixture, 4, stepTokens)) {
        for (Golden golden : Fixture.golden(fixture)) {
          Collected collected = Collected.of(engine, scored(whole(golden), 3));
          collected.finish();

          assertScored(golden, collected.promptLogprobs());
        }
      }
    }
  }

  @Test
  void aPromptThatIsCachedIsComputedForItsLogprobs() throws Exception {
    Golden golden = Fixture.golden(LLAMA).getFirst();
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Integer> plain = Collected.of(engine, greedy(whole(golden), 2)).all();
      Collected first = Collected.of(engine, scored(whole(golden), 3));
      Collected second = Collected.of(engine, scored(whole(golden), 3));
      first.finish();
      second.finish();

      assertScored(golden, first.promptLogprobs());
      assertThat(second.promptLogprobs()).isEqualTo(first.promptLogprobs());
      assertThat(second.tokens()).isEqualTo(plain);
      Collected cached = Collected.of(engine, greedy(whole(golden), 2));
      assertThat(cached.all()).isEqualTo(plain);
      assertThat(cached.promptLogprobs()).isEmpty();
    }
  }

  @Test
  void withoutAlternativesATokenHasItsLogprobAlone() throws Exception {
    Golden golden = Fixture.golden(LLAMA).getFirst();
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Collected alone = Collected.of(engine, scored(whole(golden), 0));
      Collected beside = Collected.of(engine, scored(whole(golden), 3));
      alone.finish();
      beside.finish();

      assertThat(alone.promptLogprobs()).allMatch(token -> token.top().isEmpty());
      assertThat(alone.promptLogprobs().stream().map(PromptLogprob::logprob))
          .containsExactlyElementsOf(
              beside.promptLogprobs().stream().map(PromptLogprob::logprob).toList());
    }
  }

  @Test
  void thePromptOfAnAdapterIsScoredWithItBesideThatOfTheBaseModel() throws Exception {
    Golden golden = Fixture.golden(LLAMA).getFirst();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 4, 16)) {
      PeftAdapters.load(engine, "tuned", PeftAdapters.dir("llama"));
      int[] prompt = PeftAdapters.prompt("llama");
      Collected made = Collected.of(engine, PeftAdapters.with("tuned", greedy(prompt, 20)));
      int[] tokens =
          IntStream.concat(IntStream.of(prompt), made.all().stream().mapToInt(Integer::intValue))
              .toArray();

      Collected tuned = Collected.of(engine, PeftAdapters.with("tuned", scored(tokens, 0)));
      Collected base = Collected.of(engine, scored(whole(golden), 3));
      tuned.finish();
      base.finish();

      assertScored(golden, base.promptLogprobs());
      for (int i = 0; i < 20; i++) {
        assertThat((double) tuned.promptLogprobs().get(prompt.length - 1 + i).logprob())
            .isCloseTo(made.events().get(i).logprob(), within(1e-4));
      }
    }
  }

  @Test
  void aPromptOfOneTokenHasNone() throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Collected collected = Collected.of(engine, scored(new int[] {320}, 0));

      assertThat(collected.all()).hasSize(2);
      assertThat(collected.promptLogprobs()).isEmpty();
    }
  }
}
