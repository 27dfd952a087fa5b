package dev.freshet.config;

/**
 * A configuration or command line that cannot be used. The message is one line: the place (file and
 * line, or the override), the dotted key, the value found and what is allowed.
 */
public final class ConfigException extends RuntimeException {
  /** The exit code of the process. */
  public static final int EXIT_CODE = 2;

  public ConfigException(String message) {
    super(oneLine(message));
  }

  public ConfigException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  private static String oneLine(String message) {
    return message.strip().replaceAll("[\\p{Cntrl}\\u2028\\u2029]+", " ");
  }
}
