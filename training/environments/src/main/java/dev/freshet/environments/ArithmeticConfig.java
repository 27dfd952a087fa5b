package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** The difficulty of {@code arithmetic}. */
@Section("Of the environment arithmetic: answer 12+7 with 19.")
public record ArithmeticConfig(
    @Key(def = "+-", doc = "operators of the terms, of + - and *") String operators,
    @Key(def = "2", doc = "numbers of a term") int numbers,
    @Key(def = "20", doc = "largest number of a term; the smallest is 0") int maxNumber) {
  public ArithmeticConfig {
    Check.that(
        !operators.isEmpty() && operators.chars().allMatch(c -> "+-*".indexOf(c) >= 0),
        "operators",
        "one or more of + - and *");
    Check.that(numbers >= 2 && numbers <= 8, "numbers", "2 to 8");
    Check.that(maxNumber >= 1 && maxNumber <= 1_000, "maxNumber", "1 to 1000");
  }
}
