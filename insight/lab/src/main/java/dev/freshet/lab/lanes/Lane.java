package dev.freshet.lab.lanes;

import java.util.Locale;

/** The connection that an admin call uses. */
public enum Lane {
  /** A fresh connection for every call, independent of streams: the admin client as it is. */
  DEDICATED,

  /**
   * A connection from the bounded keep-alive pool that the streams hold: reproduces the bottleneck.
   */
  SHARED;

  /** Its name in options and reports. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
