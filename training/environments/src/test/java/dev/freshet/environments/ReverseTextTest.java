package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import dev.freshet.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReverseTextTest {
  private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz";

  @TempDir Path dir;
  private Tokenizer tokenizer;
  private ReverseText environment;

  @BeforeEach
  void open() throws IOException {
    new CharTokenizer(ALPHABET).write(dir);
    tokenizer = Tokenizer.load(dir);
    environment = reverseText(ALPHABET, 3, 6, 1);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void aProblemDependsOnlyOnSeedAndIndex() {
    ReverseText same = reverseText(ALPHABET, 3, 6, 1);
    ReverseText other = reverseText(ALPHABET, 3, 6, 2);
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
      int[] prompt = environment.supervised(i).orElseThrow().prompt();
      train.add(tokenizer.decode(java.util.Arrays.copyOfRange(prompt, 1, prompt.length - 1), true));
    }
    assertThat(heldOut).hasSizeGreaterThan(1_000).doesNotContainAnyElementsOf(train);
  }

  @Test
  void thePromptIsTheStringBetweenTwoSpecialTokensAndTheRightAnswerScoresOne() {
    Problem problem = environment.problem(Split.TRAIN, 3);
    Episode episode = environment.start(problem);
    int[] letters = tokenizer.encode(problem.text());
    int[] answer = tokenizer.encode(new StringBuilder(problem.text()).reverse() + "<|eos|>");

    int[] prompt = episode.prompt();
    assertThat(prompt).startsWith(CharTokenizer.BOS).endsWith(CharTokenizer.SEP);
    assertThat(prompt).containsSequence(letters).hasSize(letters.length + 2);
    assertThat(episode.next(new Episode.Turn(answer, "stop"))).isEmpty();
    assertThat(episode.reward()).isEqualTo(1);
    assertThat(environment.stopTokenIds()).containsExactly(CharTokenizer.EOS);
  }

  @Test
  void anAnswerThatIsTooLongOrTooShortScoresLessThanOne() {
    assertThat(ReverseText.similarity(new int[] {4, 5, 6}, new int[] {4, 5, 6})).isEqualTo(1);
    assertThat(ReverseText.similarity(new int[] {4, 5, 6, 6}, new int[] {4, 5, 6}))
        .isCloseTo(6.0 / 7, within(1e-12));
    assertThat(ReverseText.similarity(new int[] {4, 9, 6}, new int[] {4, 5, 6}))
        .isCloseTo(4.0 / 6, within(1e-12));
    assertThat(ReverseText.similarity(new int[] {6, 5, 4}, new int[] {4, 5, 6}))
        .isCloseTo(2.0 / 6, within(1e-12));
    assertThat(ReverseText.similarity(new int[] {}, new int[] {4, 5, 6})).isZero();
    assertThat(ReverseText.similarity(new int[] {7, 8}, new int[] {4, 5, 6})).isZero();
  }

  @Test
  void aDemonstrationIsAPromptWithTheReversedStringAndTheEndingToken() {
    SupervisedPair pair = environment.supervised(5).orElseThrow();
    int letters = pair.prompt().length - 2;
    assertThat(pair.target()).hasSize(letters + 1).endsWith(CharTokenizer.EOS);
    for (int i = 0; i < letters; i++) {
      assertThat(pair.target()[i]).isEqualTo(pair.prompt()[letters - i]);
    }
  }

  @Test
  void tooFewPossibleStringsAndAnAlphabetOutsideTheTokenizerAreRefused() {
    assertThatThrownBy(() -> reverseText("ab", 1, 1, 1))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("expected a larger alphabet or longer strings");
    assertThatThrownBy(() -> reverseText("ab1", 3, 6, 1))
        .isInstanceOf(TokenizerException.class)
        .hasMessageContaining("character '1' is not in the vocabulary");
  }

  private ReverseText reverseText(String alphabet, int minLength, int maxLength, long seed) {
    EnvironmentConfig config =
        new EnvironmentConfig(ReverseText.NAME, alphabet, minLength, maxLength);
    return new ReverseText(tokenizer, config, seed);
  }
}
