package dev.freshet.trainer;

/**
 * Training cannot continue. The message is one line: the step, what was found and what was
 * expected. Control characters are replaced.
 */
public final class TrainerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public TrainerException(String message) {
    super(oneLine(message));
  }

  public TrainerException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  /** The message on one line. */
  static String oneLine(String message) {
    return message.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "\uFFFD");
  }
}
