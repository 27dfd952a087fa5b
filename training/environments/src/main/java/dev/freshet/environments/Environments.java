package dev.freshet.environments;

import dev.freshet.text.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** The registry of the built-in environments. */
public final class Environments {
  private static final Map<String, Factory> FACTORIES =
      new TreeMap<>(Map.of(ReverseText.NAME, ReverseText::new));

  /** Makes an environment; see {@link Environments#open}. */
  @FunctionalInterface
  private interface Factory {
    Environment open(Tokenizer tokenizer, EnvironmentConfig config, long seed);
  }

  private Environments() {}

  /** The names of all environments, sorted. */
  public static List<String> names() {
    return List.copyOf(FACTORIES.keySet());
  }

  /**
   * Makes the environment that {@code config} names.
   *
   * @param tokenizer stays open for as long as the environment is used; the caller closes it
   * @param seed decides which problems are drawn
   * @throws EnvironmentException if the tokenizer or the settings do not fit the environment
   */
  public static Environment open(Tokenizer tokenizer, EnvironmentConfig config, long seed) {
    Factory factory = Objects.requireNonNull(FACTORIES.get(config.name())); // The record checks it.
    return factory.open(tokenizer, config, seed);
  }
}
