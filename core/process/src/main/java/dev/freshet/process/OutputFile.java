package dev.freshet.process;

import dev.freshet.config.ConfigException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that a command writes at its end, possibly long after it started. */
public final class OutputFile {
  private OutputFile() {}

  /** The reason of a failed write, for a message that names the file. */
  public static String reason(IOException e) {
    if (!(e instanceof FileSystemException refused)) {
      return String.valueOf(e.getMessage());
    }
    return refused.getReason() == null
        ? e.getClass().getSimpleName().replace("Exception", "") + " " + refused.getFile()
        : refused.getReason();
  }

  /**
   * Opens a file to write it from its beginning, and makes the directories above it.
   *
   * @throws UncheckedIOException if that is not possible
   */
  public static OutputStream open(Path file) {
    try {
      Path parent = file.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      return new BufferedOutputStream(Files.newOutputStream(file));
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written: %s".formatted(file, reason(e)), e);
    }
  }

  /**
   * Checks that a file can be written, without writing it.
   *
   * @param option the option that names it
   * @throws ConfigException if it cannot be written
   */
  public static void requireWritable(String option, Path file) {
    Path dir = file.toAbsolutePath().normalize().getParent();
    if (Files.isDirectory(file) || dir == null) {
      throw new ConfigException("%s %s: is a directory, expected a file".formatted(option, file));
    }
    if (!Files.isDirectory(dir)) {
      throw new ConfigException(
          "%s %s: expected a file in an existing directory".formatted(option, file));
    }
    if (!Files.isWritable(Files.exists(file) ? file : dir)) {
      throw new ConfigException("%s %s: no permission to write it".formatted(option, file));
    }
  }
}
