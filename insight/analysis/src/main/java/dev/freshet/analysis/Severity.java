package dev.freshet.analysis;

import java.util.Locale;

/** How bad a finding is, the mildest first. {@link #GOOD} is a remark that asks for nothing. */
public enum Severity {
  GOOD,
  WARNING,
  CRITICAL;

  /** Its name in reports. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
