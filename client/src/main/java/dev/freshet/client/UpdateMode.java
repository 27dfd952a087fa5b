package dev.freshet.client;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a weight update does to the completions that are being generated. */
public enum UpdateMode {
  /** They go on with the KV cache they have. */
  KEEP,
  /** They go on after their KV cache is rebuilt under the new weights. */
  RECOMPUTE,
  /** They end first; new requests wait. */
  DRAIN,
  /** They end at once with finish reason {@code abort}. */
  ABORT;

  /** The name on the wire. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The mode of a wire name.
   *
   * @throws WireException if there is none of that name
   */
  public static UpdateMode of(String wireName) {
    for (UpdateMode mode : values()) {
      if (mode.wireName().equals(wireName)) {
        return mode;
      }
    }
    throw new WireException(
        "mode: expected one of %s, got '%s'"
            .formatted(
                Arrays.stream(values()).map(UpdateMode::wireName).collect(Collectors.joining(", ")),
                wireName));
  }
}
