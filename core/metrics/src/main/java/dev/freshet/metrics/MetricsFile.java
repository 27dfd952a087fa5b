package dev.freshet.metrics;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;

/**
 * A run's {@code metrics.jsonl}: one JSON object a line, {@code {"role", "kind", "time", …}}, with
 * the time it was written in seconds since the epoch. Every line is one append, so that the roles
 * of a run may write to one file from several processes. Thread-safe.
 */
public final class MetricsFile implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String role;
  private final OutputStream out;

  private MetricsFile(String role, OutputStream out) {
    this.role = role;
    this.out = out;
  }

  /** Opens {@code file} for appending, creating it if it is not there. */
  public static MetricsFile open(Path file, String role) throws IOException {
    return new MetricsFile(
        role, Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
  }

  /** Appends one line. Figures that JSON cannot write (NaN, infinities) become null. */
  public synchronized void append(String kind, Map<String, ?> fields) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("role", role);
    line.put("kind", kind);
    line.put("time", System.currentTimeMillis() / 1000.0);
    fields.forEach((key, value) -> line.put(key, finite(value)));
    try {
      out.write(
          (JSON.writeValueAsString(line) + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("metrics of " + role, e);
    }
  }

  @SuppressWarnings("NullAway") // A map value of null is written as JSON null.
  private static Object finite(Object value) {
    return value instanceof Double d && !Double.isFinite(d) ? null : value;
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
