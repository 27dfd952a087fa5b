package dev.freshet.trace.spans;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A stretch of a trace's time. Times are nanoseconds since the epoch.
 *
 * @param role whose it is
 * @param parentSpanId empty if it has no parent
 * @param attributes texts, whole numbers and figures by name
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

  /** On which side of a call it is. */
  public enum Kind {
    CLIENT,
    SERVER,
    INTERNAL
  }

  public Span {
    attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
  }
}
