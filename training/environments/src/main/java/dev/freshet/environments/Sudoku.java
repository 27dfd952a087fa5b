package dev.freshet.environments;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The task of filling the blanks of a sudoku of four rows, four columns and four boxes of two by
 * two, in one turn. A problem's text is the grid, rows from the top, {@code _} for a blank. The
 * answer is the whole grid; whatever is not a digit does not count. The verifier accepts any grid
 * that keeps the given digits and has the digits 1 to 4 in every row, column and box: reward 1.
 * Another answer of 16 digits that keeps the given ones is worth half the share of blanks that are
 * filled right; every other answer 0.
 */
public final class Sudoku implements LeveledEnvironment {
  static final String NAME = "sudoku-4x4";

  private static final Message INSTRUCTIONS =
      Message.system(
          "Fill the blanks of the 4x4 sudoku: every row, every column and every 2x2 box has the"
              + " digits 1 to 4. Answer with the whole grid only, four rows of four digits.");

  private final Draws draws;
  private final List<Level> levels;

  /**
   * @param seed decides which grids are drawn
   */
  public Sudoku(SudokuConfig config, long seed) {
    this.draws =
        new Draws(
            NAME,
            seed,
            random ->
                SudokuGrid.puzzle(
                    random, random.nextInt(config.minBlanks(), config.maxBlanks() + 1)));
    this.levels =
        IntStream.rangeClosed(config.minBlanks(), config.maxBlanks())
            .mapToObj(
                blanks ->
                    new Level(blanks + " blanks", random -> SudokuGrid.puzzle(random, blanks)))
            .toList();
  }

  @Override
  public String name() {
    return NAME;
  }

  /** One for each number of blanks. */
  @Override
  public List<Level> levels() {
    return levels;
  }

  @Override
  public Problem problem(Split split, long index) {
    return draws.problem(split, index);
  }

  @Override
  public Optional<Demonstration> demonstration(long index) {
    String puzzle = draws.demonstration(index);
    return Optional.of(
        new Demonstration(messages(puzzle), shown(SudokuGrid.solutions(puzzle, 1).getFirst())));
  }

  @Override
  public Episode start(Problem problem) {
    return new OneTurn(messages(problem.text()), answer -> score(answer.text(), problem.text()));
  }

  private static List<Message> messages(String puzzle) {
    return List.of(INSTRUCTIONS, Message.user(shown(puzzle)));
  }

  /** The grid with a line for each row. */
  static String shown(String grid) {
    return String.join(
        "\n",
        grid.substring(0, 4),
        grid.substring(4, 8),
        grid.substring(8, 12),
        grid.substring(12));
  }

  static Step.End score(String answer, String puzzle) {
    String digits = answer.replaceAll("[^0-9]", "");
    boolean complete = digits.length() == puzzle.length() && SudokuGrid.keeps(digits, puzzle);
    boolean solved = complete && SudokuGrid.isValid(digits);
    double share = complete ? filled(digits, puzzle) : 0;
    return new Step.End(
        solved ? 1 : share / 2,
        Map.of("solved", solved ? 1.0 : 0.0, "keeps_grid", complete ? 1.0 : 0.0));
  }

  /** The share of the blanks that have the digit of the solution. */
  private static double filled(String digits, String puzzle) {
    String solution = SudokuGrid.solutions(puzzle, 1).getFirst();
    int blanks = 0;
    int right = 0;
    for (int i = 0; i < puzzle.length(); i++) {
      if (puzzle.charAt(i) == SudokuGrid.BLANK) {
        blanks++;
        right += digits.charAt(i) == solution.charAt(i) ? 1 : 0;
      }
    }
    return (double) right / blanks;
  }
}
