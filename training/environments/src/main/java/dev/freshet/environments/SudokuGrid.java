package dev.freshet.environments;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Grids of 4 × 4 sudokus: 16 characters, rows from the top, digits 1 to 4 and {@value #BLANK} for a
 * blank.
 */
final class SudokuGrid {
  static final char BLANK = '_';

  private static final int SIDE = 4;
  private static final int CELLS = SIDE * SIDE;

  private SudokuGrid() {}

  /** A grid with exactly one solution, and {@code blanks} blanks, or fewer if it allows no more. */
  static String puzzle(SplittableRandom random, int blanks) {
    char[] grid = full(random);
    int[] cells = shuffled(random, CELLS);
    int left = blanks;
    for (int i = 0; i < CELLS && left > 0; i++) {
      char digit = grid[cells[i]];
      grid[cells[i]] = BLANK;
      if (solutions(new String(grid), 2).size() == 1) {
        left--;
      } else {
        grid[cells[i]] = digit;
      }
    }
    return new String(grid);
  }

  /** A valid grid without blanks: a shuffled first row, and one of the grids that begin with it. */
  private static char[] full(SplittableRandom random) {
    StringBuilder first = new StringBuilder();
    for (int digit : shuffled(random, SIDE)) {
      first.append((char) ('1' + digit));
    }
    List<String> all = solutions(first + String.valueOf(BLANK).repeat(CELLS - SIDE), CELLS);
    return all.get(random.nextInt(all.size())).toCharArray();
  }

  private static int[] shuffled(SplittableRandom random, int count) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** The solutions of a grid, at most {@code most} of them. */
  static List<String> solutions(String grid, int most) {
    List<String> found = new ArrayList<>();
    search(grid.toCharArray(), 0, most, found);
    return found;
  }

  private static void search(char[] grid, int from, int most, List<String> found) {
    int cell = from;
    while (cell < CELLS && grid[cell] != BLANK) {
      cell++;
    }
    if (cell == CELLS) {
      if (isValid(new String(grid))) {
        found.add(new String(grid));
      }
      return;
    }
    for (char digit = '1'; digit <= '4' && found.size() < most; digit++) {
      if (fits(grid, cell, digit)) {
        grid[cell] = digit;
        search(grid, cell + 1, most, found);
      }
    }
    grid[cell] = BLANK;
  }

  private static boolean fits(char[] grid, int cell, char digit) {
    for (int other = 0; other < CELLS; other++) {
      if (other != cell && grid[other] == digit && see(cell, other)) {
        return false;
      }
    }
    return true;
  }

  /** Whether two cells are in one row, column or box. */
  private static boolean see(int a, int b) {
    int rowA = a / SIDE;
    int rowB = b / SIDE;
    int columnA = a % SIDE;
    int columnB = b % SIDE;
    return rowA == rowB
        || columnA == columnB
        || (rowA / 2 == rowB / 2 && columnA / 2 == columnB / 2);
  }

  /** Whether a grid has the digits 1 to 4 once in every row, column and box. */
  static boolean isValid(String grid) {
    char[] cells = grid.toCharArray();
    for (int cell = 0; cell < CELLS; cell++) {
      if (cells[cell] < '1' || cells[cell] > '4' || !fits(cells, cell, cells[cell])) {
        return false;
      }
    }
    return true;
  }

  /** Whether a grid has the digits of {@code puzzle} where that has no blank. */
  static boolean keeps(String grid, String puzzle) {
    for (int cell = 0; cell < CELLS; cell++) {
      if (puzzle.charAt(cell) != BLANK && puzzle.charAt(cell) != grid.charAt(cell)) {
        return false;
      }
    }
    return true;
  }
}
