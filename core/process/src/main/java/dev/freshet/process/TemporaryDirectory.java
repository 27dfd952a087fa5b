package dev.freshet.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A fresh directory that goes, with all in it, when it is closed. */
public record TemporaryDirectory(Path path) implements AutoCloseable {
  /** Makes one in {@code parent}, named after {@code prefix}. */
  public static TemporaryDirectory in(Path parent, String prefix) throws IOException {
    return new TemporaryDirectory(Files.createTempDirectory(parent, prefix).toRealPath());
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
