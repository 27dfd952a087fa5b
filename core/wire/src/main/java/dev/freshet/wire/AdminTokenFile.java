package dev.freshet.wire;

import dev.freshet.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A file whose first line is the admin token. The configuration names the file; it never has the
 * token itself.
 */
public final class AdminTokenFile {
  private AdminTokenFile() {}

  /**
   * The token in {@code file}; none if the name is empty.
   *
   * @throws ConfigException if the file cannot be read or begins with an empty line
   */
  public static Optional<AdminToken> read(String file) {
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
