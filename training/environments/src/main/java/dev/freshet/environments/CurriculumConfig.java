package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** How a curriculum draws the levels of difficulty of an environment. */
@Section(
    "Training problems by level of difficulty, so that the policy solves a share of them;"
        + " reverse-text, arithmetic and sudoku-4x4 have levels.")
public record CurriculumConfig(
    @Key(
            def = "0",
            doc =
                "pass rate that the problems drawn should have; 0: no curriculum, all levels alike")
        double target,
    @Key(def = "1.0", doc = "reward from which on an answer passes") double passReward,
    @Key(def = "16", doc = "groups of a level over which its pass rate is averaged") int memory,
    @Key(def = "0.1", doc = "share of the problems that is drawn from all levels alike")
        double explore) {
  /** No curriculum. */
  public static final CurriculumConfig OFF = new CurriculumConfig(0, 1, 16, 0.1);

  public CurriculumConfig {
    Check.that(target >= 0 && target < 1, "target", "0, or above 0 and below 1");
    Check.that(Double.isFinite(passReward), "passReward", "a number");
    Check.positive("memory", memory);
    Check.that(explore > 0 && explore <= 1, "explore", "above 0 and at most 1");
  }

  /** Whether there is a curriculum. */
  public boolean enabled() {
    return target > 0;
  }
}
