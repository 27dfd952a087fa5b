package dev.freshet.http;

/**
 * The body of an answer.
 *
 * @param gzipped whether {@code bytes} are compressed
 */
record Body(String contentType, boolean gzipped, byte[] bytes) {
  /** JSON text. */
  static Body json(byte[] bytes) {
    return new Body("application/json", false, bytes);
  }
}
