package dev.freshet.environments;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;

/** The configuration of the environment: the task that a run trains on. */
@Section(
    "The task: answer <|bos|>abc<|sep|> with cba<|eos|>. One string in eight is held out for"
        + " evaluation.")
public record EnvironmentConfig(
    @Key(def = "reverse-text", doc = "the built-in task") String name,
    @Key(def = "abcdefghijklmnopqrstuvwxyz", doc = "characters of the strings, each once")
        String alphabet,
    @Key(def = "3", doc = "characters of the shortest string") int minLength,
    @Key(def = "6", doc = "characters of the longest string") int maxLength) {
  public EnvironmentConfig {
    Check.that(
        Environments.names().contains(name),
        "name",
        "one of \"%s\"".formatted(String.join("\", \"", Environments.names())));
    Check.that(
        alphabet.codePoints().count() >= 2
            && alphabet.codePoints().distinct().count() == alphabet.codePoints().count(),
        "alphabet",
        "at least two characters, each once");
    Check.positive("minLength", minLength);
    Check.that(maxLength >= minLength, "maxLength", "at least min_length");
  }

  /** The most tokens of a prompt: the text between its first token and the separator. */
  public int maxPromptTokens() {
    return maxLength + 2;
  }

  /** The most tokens of a right answer: the text and the end token. */
  public int maxAnswerTokens() {
    return maxLength + 1;
  }
}
