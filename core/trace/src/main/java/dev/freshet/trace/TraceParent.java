package dev.freshet.trace;

import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The span of a request, as in the header {@code traceparent}
 * (https://www.w3.org/TR/trace-context/). Freshet's own trace ids follow 16 zeros.
 *
 * @param traceId 32 lower-case hexadecimal characters, not all zero
 * @param spanId 16 lower-case hexadecimal characters, not all zero
 */
public record TraceParent(String traceId, String spanId) {
  /** The name of the header. */
  public static final String HEADER = "traceparent";

  private static final String HIGH_HALF = "0000000000000000";
  private static final Pattern FORMAT =
      Pattern.compile("(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?");

  /** A new span of a trace. */
  public static TraceParent of(TraceId trace) {
    return new TraceParent(HIGH_HALF + trace.hex(), randomSpan());
  }

  /** A new random span id. */
  public static String randomSpan() {
    long id = ThreadLocalRandom.current().nextLong(Long.MAX_VALUE) + 1;
    return HexFormat.of().toHexDigits(id);
  }

  /** Parses a header value; empty if it is not of the format. */
  public static Optional<TraceParent> parse(String header) {
    if (header.isEmpty()) {
      return Optional.empty();
    }
    Matcher format = FORMAT.matcher(header);
    boolean valid = format.matches() && hasDigit(format.group(1)) && hasDigit(format.group(2));
    return valid
        ? Optional.of(new TraceParent(format.group(1), format.group(2)))
        : Optional.empty();
  }

  private static boolean hasDigit(String id) {
    return id.chars().anyMatch(c -> c != '0');
  }

  /** The trace id under which the request is logged: the low half. */
  public TraceId trace() {
    return new TraceId(traceId.substring(HIGH_HALF.length()));
  }

  /** The value of the header. */
  public String header() {
    return "00-" + traceId + "-" + spanId + "-01";
  }
}
