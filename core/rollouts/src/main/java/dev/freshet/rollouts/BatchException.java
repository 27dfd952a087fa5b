package dev.freshet.rollouts;

import java.io.IOException;
import java.nio.file.FileSystemException;

/**
 * A batch cannot be written, read or awaited, or an update log or a run's journal cannot be written
 * or read. The message is one line: the file, its line and field, what was found and what was
 * expected. Control characters are replaced.
 */
public final class BatchException extends RuntimeException {
  public BatchException(String message) {
    super(oneLine(message));
  }

  public BatchException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  /** The message on one line. */
  static String oneLine(String message) {
    return message.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "\uFFFD");
  }

  /** The reason in words; many file exceptions carry only the file's name. */
  public static String reason(IOException e) {
    return e instanceof FileSystemException f && f.getReason() == null
        ? e.getClass().getSimpleName().replace("Exception", "") + " " + e.getMessage()
        : String.valueOf(e.getMessage());
  }
}
