package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** The difficulty of {@code sudoku-4x4}. */
@Section("Of the environment sudoku-4x4: fill the blanks of a grid of four rows.")
public record SudokuConfig(
    @Key(def = "2", doc = "fewest blanks of a grid") int minBlanks,
    @Key(def = "6", doc = "most blanks of a grid; every grid has one solution") int maxBlanks) {
  public SudokuConfig {
    Check.positive("minBlanks", minBlanks);
    Check.that(maxBlanks >= minBlanks && maxBlanks <= 10, "maxBlanks", "min_blanks to 10");
  }
}
