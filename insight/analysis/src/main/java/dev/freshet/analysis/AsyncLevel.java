package dev.freshet.analysis;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The number of steps by which rollouts may lag, by which staleness is judged.
 *
 * @param steps the level
 * @param origin where the level is from; empty if it is unknown and {@link #ASSUMED} is used
 */
record AsyncLevel(int steps, Optional<String> origin) {
  static final int ASSUMED = 2;

  private static final Pattern KEY =
      Pattern.compile("(?m)^\\s*async_level\\s*=\\s*(\\d{1,6})\\s*(?:#.*)?$");
  private static final long MOST_BYTES = 1 << 20;

  /**
   * The level given, else that of a {@code config.toml} in the directory of the logs or its parent.
   */
  static AsyncLevel of(Optional<Integer> given, List<Path> logs) {
    if (given.isPresent()) {
      return new AsyncLevel(given.get(), Optional.of("as given"));
    }
    for (Path log : logs) {
      Path dir = Files.isDirectory(log) ? log : log.toAbsolutePath().getParent();
      for (int up = 0; up < 2 && dir != null; up++, dir = dir.toAbsolutePath().getParent()) {
        Optional<AsyncLevel> configured = configured(dir.resolve("config.toml"));
        if (configured.isPresent()) {
          return configured.get();
        }
      }
    }
    return new AsyncLevel(ASSUMED, Optional.empty());
  }

  private static Optional<AsyncLevel> configured(Path file) {
    try {
      if (Files.isRegularFile(file) && Files.size(file) <= MOST_BYTES) {
        // Only digits are read, so any single-byte charset will do.
        String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        Matcher key = KEY.matcher(text);
        if (key.find()) {
          return Optional.of(
              new AsyncLevel(Integer.parseInt(key.group(1)), Optional.of("from " + file)));
        }
      }
    } catch (IOException e) {
      return Optional.empty(); // The file is optional.
    }
    return Optional.empty();
  }

  boolean isKnown() {
    return origin.isPresent();
  }

  @Override
  public String toString() {
    return origin
        .map(from -> "async_level %d (%s)".formatted(steps, from))
        .orElse("async_level unknown, assumed to be %d".formatted(steps));
  }
}
