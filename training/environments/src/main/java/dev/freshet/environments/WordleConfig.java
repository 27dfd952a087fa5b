package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** The difficulty of {@code wordle}. */
@Section("Of the environment wordle: find a word of five letters from the marks on guesses.")
public record WordleConfig(
    @Key(def = "6", doc = "most guesses, each a turn") int guesses,
    @Key(def = "0", doc = "letters of the word that are given at the start, from its first")
        int revealed) {
  public WordleConfig {
    Check.that(guesses >= 1 && guesses <= 20, "guesses", "1 to 20");
    Check.that(revealed >= 0 && revealed <= 4, "revealed", "0 to 4");
  }
}
