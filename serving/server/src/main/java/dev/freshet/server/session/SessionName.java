package dev.freshet.server.session;

import dev.freshet.trace.Quoted;
import dev.freshet.wire.WireException;

/**
 * The name of a session, which the client chooses: 1 to {@value #MAX} letters, digits, {@code .},
 * {@code _}, {@code ~} or {@code -}, not beginning with a dot. It is therefore also a file name.
 */
public record SessionName(String value) {
  /** The most characters. */
  public static final int MAX = 128;

  /**
   * @throws WireException if it has another character or length
   */
  public SessionName {
    if (value.isEmpty()
        || value.length() > MAX
        || value.startsWith(".")
        || !value.chars().allMatch(SessionName::isAllowed)) {
      throw new WireException(
          "session %s: expected 1 to %d letters, digits, '.', '_', '~' or '-', not beginning with '.'"
              .formatted(Quoted.of(value), MAX));
    }
  }

  private static boolean isAllowed(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "._~-".indexOf(c) >= 0;
  }

  @Override
  public String toString() {
    return value;
  }
}
