package dev.freshet.environments;

/**
 * The settings of an environment.
 *
 * @param name one of {@link Environments#names}
 * @param alphabet the characters of the texts, at least two, each once
 * @param minLength the length of the shortest text, at least 1
 * @param maxLength the length of the longest text
 */
public record EnvironmentConfig(String name, String alphabet, int minLength, int maxLength) {
  public EnvironmentConfig {
    require(
        Environments.names().contains(name),
        "name",
        "one of \"%s\"".formatted(String.join("\", \"", Environments.names())));
    require(
        alphabet.codePoints().count() >= 2
            && alphabet.codePoints().distinct().count() == alphabet.codePoints().count(),
        "alphabet",
        "at least two characters, each once");
    require(minLength >= 1, "minLength", "at least 1");
    require(maxLength >= minLength, "maxLength", "at least min_length");
  }

  private static void require(boolean holds, String component, String allowed) {
    if (!holds) {
      throw new IllegalArgumentException(component + ": expected " + allowed);
    }
  }
}
