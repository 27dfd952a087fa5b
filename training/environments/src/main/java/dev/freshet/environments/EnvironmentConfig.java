package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import java.util.List;

/** The configuration of the environments: the tasks that a run trains on. */
@Section(
    "The tasks, which [environments.md](environments.md) describes. One problem in eight is held"
        + " out for evaluation.")
public record EnvironmentConfig(
    @Key(def = "reverse-text", doc = "the task, if there is only one") String name,
    @Key(
            def = "",
            doc =
                "several tasks in one run, each NAME=WEIGHT: the share of its problems; empty:"
                    + " environment.name alone")
        List<String> mix,
    @Key(
            def = "abcdefghijklmnopqrstuvwxyz",
            doc =
                "characters of the strings of reverse-text, and of the tokenizer of a decoder that"
                    + " is created; each once")
        String alphabet,
    @Key(def = "3", doc = "characters of the shortest string of reverse-text") int minLength,
    @Key(def = "6", doc = "characters of the longest string of reverse-text") int maxLength,
    ArithmeticConfig arithmetic,
    AlphabetSortConfig alphabetSort,
    WordleConfig wordle,
    SudokuConfig sudoku,
    OpenEnvConfig openenv,
    AgentConfig agent,
    VerifiersConfig verifiers,
    NemoGymConfig nemoGym,
    CurriculumConfig curriculum) {
  public EnvironmentConfig {
    mix = List.copyOf(mix);
    String names = "\"%s\"".formatted(String.join("\", \"", Environments.names()));
    Check.that(Environments.names().contains(name), "name", "one of " + names);
    Check.that(
        mix.stream().map(Share::of).allMatch(Share::isPossible)
            && mix.stream().map(Share::of).map(Share::name).distinct().count() == mix.size(),
        "mix",
        "NAME=WEIGHT with a positive weight and one of %s, each once".formatted(names));
    Check.that(
        alphabet.codePoints().count() >= 2
            && alphabet.codePoints().distinct().count() == alphabet.codePoints().count(),
        "alphabet",
        "at least two characters, each once");
    Check.positive("minLength", minLength);
    Check.that(maxLength >= minLength, "maxLength", "at least min_length");
  }

  /**
   * An environment of a run.
   *
   * @param weight its problems in relation to those of the others
   */
  public record Share(String name, double weight) {
    private static Share of(String text) {
      String[] parts = text.split("=", 2);
      try {
        return new Share(parts[0], parts.length == 2 ? Double.parseDouble(parts[1]) : Double.NaN);
      } catch (NumberFormatException e) {
        return new Share(parts[0], Double.NaN); // The record says what is expected.
      }
    }

    private boolean isPossible() {
      return Environments.names().contains(name) && weight > 0 && Double.isFinite(weight);
    }
  }

  /** The environments of the run. */
  public List<Share> shares() {
    return mix.isEmpty() ? List.of(new Share(name, 1)) : mix.stream().map(Share::of).toList();
  }

  /** What a run is named after. */
  public String title() {
    return mix.isEmpty() ? name : "mix";
  }

  /** Whether {@code reverse-text} is one of the environments. */
  public boolean reverses() {
    return shares().stream().anyMatch(share -> share.name().equals(ReverseText.NAME));
  }

  /** The most tokens of a prompt of {@code reverse-text} for a decoder of characters. */
  public int maxPromptTokens() {
    return maxLength + 2; // The text between its first token and the separator.
  }

  /** The most tokens of a right answer of {@code reverse-text} by a decoder of characters. */
  public int maxAnswerTokens() {
    return maxLength + 1; // The text and the end token.
  }
}
