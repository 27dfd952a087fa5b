package dev.freshet.lab.lanes;

import java.util.Locale;

/** By which connection an admin call reaches the server. */
public enum Lane {
  /** A fresh one of its own, whatever streams do: the admin client as it is. */
  DEDICATED,

  /**
   * One from the bounded keep-alive pool that the streams hold, when its turn comes: the field's
   * mistake, made on purpose.
   */
  SHARED;

  /** The name in options and reports. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
