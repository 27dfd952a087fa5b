package dev.freshet.http;

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

  /** JSON text. */
  static Body json(byte[] bytes) {
    return new Body("application/json", bytes);
  }
}
