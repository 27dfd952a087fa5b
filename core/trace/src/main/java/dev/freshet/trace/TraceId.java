package dev.freshet.trace;

import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** The id under which every party of one admin call logs: 16 lower-case hexadecimal characters. */
public record TraceId(String hex) {
  /** The HTTP header that carries a trace id. */
  public static final String HEADER = "x-trace-id";

  private static final int LENGTH = 16;

  public TraceId {
    if (!isValid(hex)) {
      throw new IllegalArgumentException(
          "trace id '%s': expected %d lower-case hexadecimal characters".formatted(hex, LENGTH));
    }
  }

  /** A fresh random id. */
  public static TraceId random() {
    return new TraceId(HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()));
  }

  /** Whether {@code text} is a trace id. */
  public static boolean isValid(String text) {
    return text.length() == LENGTH
        && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }

  @Override
  public String toString() {
    return hex;
  }
}
