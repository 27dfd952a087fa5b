package dev.freshet.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PromptDrawsTest {
  private static final int VOCABULARY = 50;

  private static EngineLoad load(int group, long seed) {
    return new EngineLoad(List.of(6), 20, 4, group, 1, Duration.ZERO, seed);
  }

  @Test
  void noPromptOccursTwiceAndAllIdsAreInTheVocabulary() {
    PromptDraws draws = new PromptDraws(load(1, 1), VOCABULARY);
    List<int[]> prompts = new ArrayList<>(draws.next(6));
    prompts.addAll(draws.next(6));

    assertThat(prompts).hasSize(12);
    assertThat(prompts.stream().map(Arrays::toString)).doesNotHaveDuplicates();
    assertThat(prompts)
        .allSatisfy(
            prompt -> {
              assertThat(prompt).hasSize(20);
              assertThat(Arrays.stream(prompt)).allMatch(id -> id >= 0 && id < VOCABULARY);
            });
  }

  @Test
  void theCompletionsOfAGroupHaveOnePrompt() {
    List<int[]> prompts = new PromptDraws(load(3, 1), VOCABULARY).next(6);

    assertThat(prompts).hasSize(6);
    assertThat(prompts.subList(0, 3)).allMatch(prompt -> Arrays.equals(prompt, prompts.get(0)));
    assertThat(prompts.subList(3, 6)).allMatch(prompt -> Arrays.equals(prompt, prompts.get(3)));
    assertThat(prompts.get(0)).isNotEqualTo(prompts.get(3));
  }

  @Test
  void theSeedDeterminesThePrompts() {
    int[] one = new PromptDraws(load(1, 7), VOCABULARY).next(1).getFirst();

    assertThat(new PromptDraws(load(1, 7), VOCABULARY).next(1).getFirst()).isEqualTo(one);
    assertThat(new PromptDraws(load(1, 8), VOCABULARY).next(1).getFirst()).isNotEqualTo(one);
  }
}
