package dev.freshet.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * The description of the data listener's routes, which {@code GET /openapi.json} answers: a
 * resource file, held against the routes by a test.
 */
final class OpenApi {
  private static final String FILE = "openapi.json";

  private OpenApi() {}

  /** The description as JSON in UTF-8. */
  static byte[] document() {
    try (InputStream in = OpenApi.class.getResourceAsStream(FILE)) {
      if (in == null) {
        throw new IllegalStateException(FILE + ": not beside the classes of the server");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + FILE, e);
    }
  }
}
