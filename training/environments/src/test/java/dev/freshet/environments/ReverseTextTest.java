package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReverseTextTest {
  private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz";

  private final ReverseText environment = new ReverseText(ALPHABET, 3, 6, 1);

  @Test
  void aProblemDependsOnlyOnSeedAndIndex() {
    ReverseText same = new ReverseText(ALPHABET, 3, 6, 1);
    ReverseText other = new ReverseText(ALPHABET, 3, 6, 2);
    Set<String> texts = new HashSet<>();
    int equalToOther = 0;
    for (int i = 0; i < 100; i++) {
      String text = environment.problem(Split.TRAIN, i).text();
      assertThat(same.problem(Split.TRAIN, i).text()).isEqualTo(text);
      assertThat(text).hasSizeBetween(3, 6);
      equalToOther += other.problem(Split.TRAIN, i).text().equals(text) ? 1 : 0;
      texts.add(text);
    }
    assertThat(texts).hasSizeGreaterThan(90);
    assertThat(equalToOther).isLessThan(5);
  }

  @Test
  void noHeldOutStringIsEverDrawnForTraining() {
    Set<String> heldOut = new HashSet<>();
    Set<String> train = new HashSet<>();
    for (int i = 0; i < 3_000; i++) {
      heldOut.add(environment.problem(Split.HELD_OUT, i).text());
      train.add(environment.problem(Split.TRAIN, i).text());
      train.add(environment.demonstration(i).orElseThrow().messages().getLast().content());
    }
    assertThat(heldOut).hasSizeGreaterThan(1_000).doesNotContainAnyElementsOf(train);
  }

  @Test
  void anAnswerThatIsTooLongOrTooShortScoresLessThanOne() {
    assertThat(score("cba")).isEqualTo(1);
    assertThat(score(" cba\n")).isEqualTo(1);
    assertThat(score("cbaa")).isCloseTo(6.0 / 7, within(1e-12));
    assertThat(score("cxa")).isCloseTo(4.0 / 6, within(1e-12));
    assertThat(score("abc")).isCloseTo(2.0 / 6, within(1e-12));
    assertThat(score("")).isZero();
    assertThat(score("xy")).isZero();
  }

  private double score(String answer) {
    Step step =
        environment
            .start(new Problem(Split.TRAIN, 0, "abc"))
            .next(new Answer(answer, new int[] {1}, "stop"));
    return ((Step.End) step).reward();
  }
}
