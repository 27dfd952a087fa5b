package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.config.ConfigLoader;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each built-in environment says to answers. */
class BuiltInTest {
  @ParameterizedTest
  @CsvSource({"12+7, 19", "3-15, -12", "2+3*4, 14", "2*3-4*5+1, -13", "0-0, 0", "5-2-2, 1"})
  void aTermIsComputedWithProductsBeforeSums(String term, int value) {
    assertThat(Arithmetic.value(term)).isEqualTo(BigInteger.valueOf(value));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "19                | 1",
        "' 19 '            | 1",
        "The sum is 19.    | 0.5",
        "12+7=19           | 0.5",
        "19 is 12 and 7    | 0",
        "18                | 0.1",
        "-19               | 0.1",
        "\u221219          | 0.1",
        "It is 0.19        | 0",
        "It is 1,019       | 0",
        "It is 4, 5 or 19  | 0.5",
        "It is 19.0        | 0.5",
        "nineteen          | 0",
        "99999999999999999999999999999999999 | 0",
        "The sum is 00000000000000000000000019 | 0",
      })
  void arithmeticRewardsTheFormAndTheNumber(String answer, double reward) {
    assertThat(Arithmetic.score(answer, BigInteger.valueOf(19)).reward()).isEqualTo(reward);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-1019        | 1",
        "\u22121019  | 1",
        "It is -1,019 | 0.5",
        "It is 1,019  | 0",
      })
  void aNumberMayHaveAMinusOfEitherKindAndCommas(String answer, double reward) {
    assertThat(Arithmetic.score(answer, BigInteger.valueOf(-1019)).reward()).isEqualTo(reward);
  }

  @ParameterizedTest
  @CsvSource({
    "crane, crane, GGGGG",
    "crane, cargo, GYYXX",
    "geese, eagle, YYXXG",
    "eagle, geese, YXYXG",
    "allow, lemon, XYXGX",
    "zebra, mount, XXXXX",
  })
  void aLetterGetsNoMoreMarksThanTheWordHasOfIt(String guess, String secret, String marks) {
    assertThat(Wordle.marks(guess, secret)).isEqualTo(marks);
  }

  @Test
  void theGuessIsTheFirstWordOfFiveLettersWhateverIsAround() {
    assertThat(Wordle.guess("CRANE")).contains("crane");
    assertThat(Wordle.guess("I guess: crane. Or table?")).contains("guess");
    assertThat(Wordle.guess("**crane**")).contains("crane");
    assertThat(Wordle.guess("cranes")).isEmpty();
    assertThat(Wordle.guess("naïve")).isEmpty();
    assertThat(Wordle.guess("")).isEmpty();
  }

  @Test
  void wordleGivesMarksUntilTheWordIsFoundOrTheGuessesAreUsedUp() {
    Wordle wordle = new Wordle(config(Map.of("wordle.guesses", "3")).wordle(), 1);
    Episode episode = wordle.start(new Problem(Split.TRAIN, 0, "crane"));
    assertThat(episode.begin().getLast()).isEqualTo(Message.user("_____"));
    assertThat(episode.next(answer("cargo"))).isEqualTo(Step.Next.user("cargo GYYXX"));
    assertThat(episode.next(answer("no idea")))
        .isEqualTo(Step.Next.user("That is no word of five letters."));
    assertThat(episode.next(answer("crane")))
        .isEqualTo(
            new Step.End(1, Map.of("solved", 1.0, "guesses", 3.0, "valid_guesses", 2.0 / 3)));

    Episode failed = wordle.start(new Problem(Split.TRAIN, 0, "crane"));
    failed.begin();
    failed.next(answer("cargo"));
    failed.next(answer("zzzzz"));
    Step.End end = (Step.End) failed.next(answer("zzzzz"));
    assertThat(end.reward()).isCloseTo(0.5 * 4 / 10, within(1e-12));
  }

  @Test
  void wordleTellsAsManyLettersAsConfigured() {
    Wordle wordle = new Wordle(config(Map.of("wordle.revealed", "2")).wordle(), 1);

    assertThat(wordle.start(new Problem(Split.TRAIN, 0, "crane")).begin().getLast().content())
        .isEqualTo("cr___");
  }

  @Test
  void alphabetSortAsksForAllWordsSoFarAndScoresTheMeanOfItsTurns() {
    AlphabetSort sort = new AlphabetSort(config(Map.of()).alphabetSort(), 1);
    Episode episode = sort.start(new Problem(Split.TRAIN, 0, "pear apple|fig"));
    assertThat(episode.begin().getLast()).isEqualTo(Message.user("pear apple"));
    assertThat(episode.next(answer("Apple, Pear"))).isEqualTo(Step.Next.user("fig"));
    Step.End end = (Step.End) episode.next(answer("apple\npear\nfig"));

    assertThat(end.reward()).isCloseTo((1 + 4.0 / 6) / 2, within(1e-12));
    assertThat(end.metrics()).containsEntry("exact_turns", 0.5);
  }

  @Test
  void aProblemOfAlphabetSortHasTheTurnsAndWordsOfItsDifficulty() {
    AlphabetSort sort =
        new AlphabetSort(
            config(
                    Map.of(
                        "alphabet_sort.turns", "3",
                        "alphabet_sort.min_words", "2",
                        "alphabet_sort.max_words", "2"))
                .alphabetSort(),
            1);
    String text = sort.problem(Split.TRAIN, 0).text();

    assertThat(text.split("\\|")).hasSize(3).allMatch(turn -> turn.split(" ").length == 2);
    assertThat(AlphabetSort.words(text)).doesNotHaveDuplicates();
  }

  @Test
  void everySudokuHasOneSolutionAndTheBlanksOfItsDifficulty() {
    Sudoku sudoku =
        new Sudoku(config(Map.of("sudoku.min_blanks", "3", "sudoku.max_blanks", "5")).sudoku(), 1);
    for (int i = 0; i < 100; i++) {
      String puzzle = sudoku.problem(Split.TRAIN, i).text();
      assertThat(puzzle.chars().filter(c -> c == SudokuGrid.BLANK).count()).isBetween(3L, 5L);
      assertThat(SudokuGrid.solutions(puzzle, 2)).singleElement().matches(SudokuGrid::isValid);
    }
  }

  @Test
  void theVerifierOfASudokuAcceptsTheSolutionInAnyLayoutAndNothingElse() {
    String puzzle = "123_3412_1434321";
    assertThat(sudoku("1234\n3412\n2143\n4321", puzzle)).isEqualTo(1);
    assertThat(sudoku("| 1 2 3 4 | 3 4 1 2 | 2 1 4 3 | 4 3 2 1 |", puzzle)).isEqualTo(1);
    assertThat(sudoku("1234\n3412\n1143\n4321", puzzle)).isEqualTo(0.25);
    assertThat(sudoku("1234\n3412\n2143\n4312", puzzle)).isZero();
    assertThat(sudoku("1234", puzzle)).isZero();
    assertThat(sudoku("1234341221434321 1", puzzle)).isZero();
  }

  @Test
  void gridsWithARepeatedDigitInARowAColumnOrABoxAreInvalid() {
    assertThat(SudokuGrid.isValid("1234341221434321")).isTrue();
    assertThat(SudokuGrid.isValid("1234341221434312")).isFalse();
    assertThat(SudokuGrid.isValid("1234234134124123")).isFalse();
    assertThat(SudokuGrid.isValid("5234341221434321")).isFalse();
  }

  @Test
  void theWordsAreSortedAndOfFiveLetters() {
    assertThat(FiveLetterWords.ALL)
        .hasSizeGreaterThan(500)
        .isSorted()
        .doesNotHaveDuplicates()
        .allMatch(word -> word.matches("[a-z]{5}"));
  }

  private static double sudoku(String answer, String puzzle) {
    return Sudoku.score(answer, puzzle).reward();
  }

  private static Answer answer(String text) {
    return new Answer(text, new int[] {1}, "stop");
  }

  private static EnvironmentConfig config(Map<String, String> overrides) {
    return ConfigLoader.load(EnvironmentConfig.class, Optional.empty(), overrides);
  }

  @Test
  void alikeSequencesScoreTwiceTheirCommonPartOverTheirLengths() {
    assertThat(Similarity.of(List.of(), List.of())).isEqualTo(1);
    assertThat(Similarity.of(List.of(1, 2), List.of())).isZero();
    assertThat(Similarity.of(List.of(1, 2, 3), List.of(2, 3, 4))).isCloseTo(4.0 / 6, within(1e-12));
  }
}
