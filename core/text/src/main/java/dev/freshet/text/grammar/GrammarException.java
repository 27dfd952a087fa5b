package dev.freshet.text.grammar;

/** A grammar cannot be made: its source is malformed, too large, or not supported. */
public final class GrammarException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String place;
  private final String expected;

  GrammarException(String place, String expected) {
    super(message(place, expected));
    this.place = place;
    this.expected = expected;
  }

  GrammarException(String place, String expected, Throwable cause) {
    super(message(place, expected), cause);
    this.place = place;
    this.expected = expected;
  }

  private static String message(String place, String expected) {
    return (place.isEmpty() ? "" : place + ": ") + "expected " + expected;
  }

  /** The place of the fault within the source: a JSON pointer, or nothing for the whole. */
  public String place() {
    return place;
  }

  /** What was expected there and, as far as it is not obvious, what was found. */
  public String expected() {
    return expected;
  }
}
