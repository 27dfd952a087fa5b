package dev.freshet.trace.spans;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A span of a trace. Times are nanoseconds since the epoch.
 *
 * @param role the role that emitted it
 * @param parentSpanId empty if it has no parent
 * @param attributes strings, longs and doubles by name
 * @param error why it failed; empty if it did not
 */
public record Span(
    String role,
    String traceId,
    String spanId,
    String parentSpanId,
    Kind kind,
    String name,
    long startNanos,
    long endNanos,
    Map<String, Object> attributes,
    String error) {

  /** The side of a call. */
  public enum Kind {
    CLIENT,
    SERVER,
    INTERNAL
  }

  public Span {
    attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
  }
}
