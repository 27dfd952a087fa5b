package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.wire.AdminToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A file with the admin token: its first line. The token itself is never configuration. */
final class AdminTokenFile {
  private AdminTokenFile() {}

  /**
   * The token in {@code file}; none if the name is empty.
   *
   * @throws ConfigException if the file cannot be read or begins with an empty line
   */
  static Optional<AdminToken> read(String file) {
    if (file.isEmpty()) {
      return Optional.empty();
    }
    try {
      String first = Files.readString(Path.of(file)).lines().findFirst().orElse("").strip();
      return Optional.of(new AdminToken(first));
    } catch (IllegalArgumentException e) {
      throw new ConfigException("admin token file %s: %s".formatted(file, e.getMessage()));
    } catch (IOException e) {
      throw new ConfigException(
          "admin token file %s: cannot be read: %s".formatted(file, e.getMessage()));
    }
  }
}
