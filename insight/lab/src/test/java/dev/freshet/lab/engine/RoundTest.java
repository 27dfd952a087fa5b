package dev.freshet.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RoundTest {
  /** Two completions of 5 tokens, then one that begins when the first has ended. */
  private static final Round ROUND =
      new Round(
          List.of(
              new Round.Answer(10, 5, 0, 100, 500),
              new Round.Answer(10, 5, 1, 201, 601),
              new Round.Answer(10, 5, 2, 500, 1002)),
          1.002,
          0.501);

  @Test
  void tokensAndPromptTokensAreRelatedToTheWholeRound() {
    assertThat(ROUND.tokensPerS()).isEqualTo(15 / 1.002);
    assertThat(ROUND.promptTokensPerS()).isEqualTo(30 / 1.002);
    assertThat(ROUND.clientCores()).isEqualTo(0.5);
  }

  @Test
  void timesCountFromEachRequestOfItsOwn() {
    assertThat(ROUND.ttftMs().p50()).isEqualTo(200);
    assertThat(ROUND.ttftMs().max()).isEqualTo(498);
    assertThat(ROUND.tokenMs().p50()).isEqualTo(100);
  }

  @Test
  void aCompletionThatBeginsWhenAnotherEndsDoesNotRunBesideIt() {
    assertThat(ROUND.mostRunning()).isEqualTo(2);
  }

  @Test
  void completionsOfOneTokenHaveNoTimeBetweenTokens() {
    Round round = new Round(List.of(new Round.Answer(4, 1, 0, 3, 3)), 0.003, 0);

    assertThat(round.tokenMs().p50()).isNaN();
    assertThat(round.ttftMs().p50()).isEqualTo(3);
  }
}
