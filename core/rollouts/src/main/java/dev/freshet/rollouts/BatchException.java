package dev.freshet.rollouts;

import java.io.IOException;
import java.nio.file.FileSystemException;

/**
 * A batch that cannot be written, read or awaited, or an update log that cannot be written or read.
 * The message is one line: which file, which line and field of it, what was found and what was
 * expected; control characters that came from a file are replaced.
 */
public final class BatchException extends RuntimeException {
  public BatchException(String message) {
    super(oneLine(message));
  }

  public BatchException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  private static String oneLine(String message) {
    return message.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "\uFFFD");
  }

  /** What went wrong, in words: many file exceptions carry only the file's name. */
  static String reason(IOException e) {
    return e instanceof FileSystemException f && f.getReason() == null
        ? e.getClass().getSimpleName().replace("Exception", "") + " " + e.getMessage()
        : String.valueOf(e.getMessage());
  }
}
