package dev.freshet.rollouts;

/**
 * A batch that cannot be written, read or awaited. The message is one line: which file, which line
 * and field of it, what was found and what was expected; control characters that came from a file
 * are replaced.
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
}
