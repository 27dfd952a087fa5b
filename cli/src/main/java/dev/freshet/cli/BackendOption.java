package dev.freshet.cli;

import dev.freshet.cli.config.ConfigException;
import dev.freshet.client.ServerKind;
import dev.freshet.client.WireException;

/** What {@code --backend} says. */
final class BackendOption {
  private BackendOption() {}

  /**
   * The kind of that name.
   *
   * @throws ConfigException if there is none
   */
  static ServerKind kind(String name) {
    try {
      return ServerKind.of(name);
    } catch (WireException e) {
      throw new ConfigException("--backend: " + e.getMessage());
    }
  }
}
