package dev.freshet.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A fresh directory that is deleted, with everything in it, when it is closed. */
public record TemporaryDirectory(Path path) implements AutoCloseable {
  /** Creates one in {@code parent} whose name begins with {@code prefix}. */
  public static TemporaryDirectory in(Path parent, String prefix) throws IOException {
    return new TemporaryDirectory(Files.createTempDirectory(parent, prefix).toRealPath());
  }

  @Override
  public void close() throws IOException {
    DirectoryTree.delete(path);
  }
}
