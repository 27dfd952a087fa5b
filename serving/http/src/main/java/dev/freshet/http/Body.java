package dev.freshet.http;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The body of an answer.
 *
 * @param headers headers of the answer besides its type and length, in lower case
 */
record Body(String contentType, byte[] bytes, Map<String, String> headers) {
  Body(String contentType, byte[] bytes) {
    this(contentType, bytes, Map.of());
  }

  /** The same body of an answer with further headers. */
  Body with(Map<String, String> more) {
    if (more.isEmpty()) {
      return this;
    }
    Map<String, String> all = new LinkedHashMap<>(headers);
    all.putAll(more);
    return new Body(contentType, bytes, all);
  }

  /** JSON text. */
  static Body json(byte[] bytes) {
    return new Body("application/json", bytes);
  }
}
