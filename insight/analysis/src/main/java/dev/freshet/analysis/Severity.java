package dev.freshet.analysis;

import java.util.Locale;

/**
 * The severity of a finding, in ascending order. {@link #GOOD} is a remark that needs no action.
 */
public enum Severity {
  GOOD,
  WARNING,
  CRITICAL;

  /** Its name in reports. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
