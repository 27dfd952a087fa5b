package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Dialects;

/** The option {@code --backend}. */
final class BackendOption {
  private BackendOption() {}

  /**
   * The dialect of that name.
   *
   * @throws ConfigException if there is none
   */
  static Dialect dialect(String name) {
    try {
      return Dialects.named(name);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("--backend: " + e.getMessage());
    }
  }
}
