package dev.freshet.wire;

/** Messages of other libraries' exceptions, as part of our own. */
public final class OneLine {
  private OneLine() {}

  /** The first line of the message, or the exception's name if it has none. */
  public static String of(Throwable cause) {
    String message = cause.getMessage();
    return message == null || message.isBlank()
        ? cause.getClass().getSimpleName()
        : message.lines().findFirst().orElse("");
  }
}
