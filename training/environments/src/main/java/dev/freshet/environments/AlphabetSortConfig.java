package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** The difficulty of {@code alphabet-sort}. */
@Section("Of the environment alphabet-sort: sort words, then sort further ones in among them.")
public record AlphabetSortConfig(
    @Key(def = "2", doc = "turns of an episode") int turns,
    @Key(def = "2", doc = "fewest words that a turn adds") int minWords,
    @Key(def = "3", doc = "most words that a turn adds") int maxWords) {
  public AlphabetSortConfig {
    Check.that(turns >= 1 && turns <= 10, "turns", "1 to 10");
    Check.positive("minWords", minWords);
    Check.that(maxWords >= minWords && maxWords <= 10, "maxWords", "min_words to 10");
  }
}
