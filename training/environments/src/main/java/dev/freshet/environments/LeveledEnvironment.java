package dev.freshet.environments;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/** An environment whose problems come in levels of difficulty, of which a curriculum draws. */
public interface LeveledEnvironment extends TurnEnvironment {
  /**
   * A level of difficulty.
   *
   * @param name what distinguishes it, such as {@code 3 letters}
   * @param generator makes the text of a problem
   */
  record Level(String name, Function<SplittableRandom, String> generator) {}

  /** The levels, from easy to hard; one or more. Their problems are those of the environment. */
  List<Level> levels();
}
