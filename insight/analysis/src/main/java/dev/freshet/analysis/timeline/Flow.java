package dev.freshet.analysis.timeline;

/**
 * An arrow through slices of several tracks. Flows that agree in all three are one.
 *
 * @param id hexadecimal
 */
record Flow(String category, String name, String id) {
  /** The position of a slice in the arrow. */
  enum Stand {
    START("s"),
    STEP("t"),
    END("f");

    private final String phase;

    Stand(String phase) {
      this.phase = phase;
    }

    /** The event's {@code ph}. */
    String phase() {
      return phase;
    }
  }
}
