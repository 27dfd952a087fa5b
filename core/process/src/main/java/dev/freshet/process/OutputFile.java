package dev.freshet.process;

import dev.freshet.config.ConfigException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that a command writes when its work is done, which may be long after it began. */
public final class OutputFile {
  private OutputFile() {}

  /** Why a file could not be written, for a line that names the file. */
  public static String reason(IOException e) {
    if (!(e instanceof FileSystemException refused)) {
      return String.valueOf(e.getMessage());
    }
    return refused.getReason() == null
        ? e.getClass().getSimpleName().replace("Exception", "") + " " + refused.getFile()
        : refused.getReason();
  }

  /** Refuses a file that cannot be written as things are; nothing is written. */
  public static void requireWritable(String option, Path file) {
    Path dir = file.toAbsolutePath().normalize().getParent();
    if (Files.isDirectory(file) || dir == null) {
      throw new ConfigException("%s %s: is a directory, expected a file".formatted(option, file));
    }
    if (!Files.isDirectory(dir)) {
      throw new ConfigException(
          "%s %s: expected a file in a directory that is there".formatted(option, file));
    }
    if (!Files.isWritable(Files.exists(file) ? file : dir)) {
      throw new ConfigException("%s %s: may not be written".formatted(option, file));
    }
  }
}
