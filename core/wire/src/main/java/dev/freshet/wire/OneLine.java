package dev.freshet.wire;

/** Shortens exception messages of libraries for use in our own. */
public final class OneLine {
  private OneLine() {}

  /** The first line of the message, or the exception's class name if there is none. */
  public static String of(Throwable cause) {
    String message = cause.getMessage();
    return message == null || message.isBlank()
        ? cause.getClass().getSimpleName()
        : message.lines().findFirst().orElse("");
  }
}
