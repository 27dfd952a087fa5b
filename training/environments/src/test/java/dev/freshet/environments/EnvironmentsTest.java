package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract of {@link Environment}, for every environment that is registered. */
class EnvironmentsTest {
  private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz";
  private static final int PROBLEMS = 200;

  private Tokenizer tokenizer;

  static List<String> names() {
    return Environments.names();
  }

  @BeforeEach
  void openTokenizer() {
    byte[] file = Objects.requireNonNull(new CharTokenizer(ALPHABET).files().get("tokenizer.json"));
    tokenizer = Tokenizer.parse(file, "of the test");
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @ParameterizedTest
  @MethodSource("names")
  void anEnvironmentHasTheNameItIsRegisteredUnder(String name) {
    assertThat(open(name, 1).name()).isEqualTo(name);
  }

  @ParameterizedTest
  @MethodSource("names")
  void equalSeedsGiveEqualProblemsAndDifferentSeedsDifferentOnes(String name) {
    List<Problem> problems = problems(open(name, 1), Split.TRAIN);

    assertThat(problems(open(name, 1), Split.TRAIN)).isEqualTo(problems);
    assertThat(problems(open(name, 2), Split.TRAIN)).isNotEqualTo(problems);
    assertThat(problems).extracting(Problem::split).containsOnly(Split.TRAIN);
  }

  @ParameterizedTest
  @MethodSource("names")
  void noHeldOutTextIsEverInTheTrainingSetWhateverTheSeed(String name) {
    Set<String> heldOut = new HashSet<>();
    Set<String> train = new HashSet<>();
    for (int seed = 1; seed <= 5; seed++) {
      problems(open(name, seed), Split.HELD_OUT).forEach(problem -> heldOut.add(problem.text()));
      problems(open(name, seed), Split.TRAIN).forEach(problem -> train.add(problem.text()));
    }
    assertThat(heldOut).isNotEmpty().doesNotContainAnyElementsOf(train);
  }

  @ParameterizedTest
  @MethodSource("names")
  void anEpisodeHasAPromptAndAScoreFrom0To1(String name) {
    Environment environment = open(name, 1);
    int vocabulary = tokenizer.vocabSize();

    Episode episode = environment.start(environment.problem(Split.TRAIN, 0));
    int[] prompt = episode.prompt();
    int[] ending = environment.stopTokenIds();
    Optional<int[]> next = episode.next(new Episode.Turn(ending, "stop"));

    assertThat(prompt).isNotEmpty();
    assertThat(Arrays.stream(prompt)).allMatch(id -> id >= 0 && id < vocabulary);
    assertThat(Arrays.stream(ending)).isNotEmpty().allMatch(id -> id >= 0 && id < vocabulary);
    if (next.isEmpty()) {
      assertThat(episode.reward()).isBetween(0.0, 1.0);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void aDemonstrationHasTokensOfTheTokenizerAndEndsWithAnEndingToken(String name) {
    Environment environment = open(name, 1);
    int vocabulary = tokenizer.vocabSize();

    environment
        .supervised(0)
        .ifPresent(
            pair -> {
              assertThat(Arrays.stream(pair.prompt())).allMatch(id -> id >= 0 && id < vocabulary);
              assertThat(environment.stopTokenIds())
                  .contains(pair.target()[pair.target().length - 1]);
            });
  }

  @Test
  void anUnknownNameIsRefusedWithTheNamesThatAreRegistered() {
    assertThat(Environments.names()).contains("reverse-text");
    assertThatThrownBy(() -> new EnvironmentConfig("chess", ALPHABET, 3, 6))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("name: expected one of \"")
        .hasMessageContaining("\"reverse-text\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a   | 3 | 6 | alphabet: expected at least two characters, each once",
        "aba | 3 | 6 | alphabet: expected at least two characters, each once",
        "abc | 0 | 6 | minLength: expected at least 1",
        "abc | 4 | 3 | maxLength: expected at least min_length",
      })
  void impossibleSettingsAreRefused(String alphabet, int minLength, int maxLength, String message) {
    assertThatThrownBy(() -> new EnvironmentConfig("reverse-text", alphabet, minLength, maxLength))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  private Environment open(String name, long seed) {
    return Environments.open(tokenizer, new EnvironmentConfig(name, ALPHABET, 3, 6), seed);
  }

  private static List<Problem> problems(Environment environment, Split split) {
    return LongStream.range(0, PROBLEMS)
        .mapToObj(index -> environment.problem(split, index))
        .toList();
  }
}
