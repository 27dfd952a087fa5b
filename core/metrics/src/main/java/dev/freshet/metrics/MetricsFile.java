package dev.freshet.metrics;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Writes a role's metrics of a run: {@code metrics/<role>.jsonl} in the run's directory, one JSON
 * object a line, {@code {"role", "kind", "time", …}}. The time is when the line was written, in
 * seconds since the epoch. Each role has its own file, because appends by several hosts to one file
 * corrupt it on NFS; {@link MetricsReader} reads the files of all roles as one.
 *
 * <p>The numbers of lines that have a step, and are not of one server, also go to an event file of
 * TensorBoard in {@code tensorboard/<role>/}. Thread-safe.
 */
public final class MetricsFile implements AutoCloseable {
  /** The directory of the files, in a run's directory. */
  static final String DIRECTORY = "metrics";

  private static final String EVENTS_DIRECTORY = "tensorboard";

  /** How the name of every file ends. */
  static final String EXTENSION = ".jsonl";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final String role;
  private final InstantSource time;
  private final Path file;
  private final OutputStream out;
  private final EventFile events;

  private MetricsFile(
      String role, InstantSource time, Path file, OutputStream out, EventFile events) {
    this.role = role;
    this.file = file;
    this.time = time;
    this.out = out;
    this.events = events;
  }

  /**
   * Opens the file of {@code role} for appending, creating it if it does not exist. If an earlier
   * process was killed while it wrote a line, the file gets a line feed, so that the next line
   * begins on its own.
   *
   * @param run the run's directory
   */
  public static MetricsFile open(Path run, String role, InstantSource time) throws IOException {
    Path file = Files.createDirectories(run.resolve(DIRECTORY)).resolve(role + EXTENSION);
    EventFile events =
        EventFile.create(run.resolve(EVENTS_DIRECTORY).resolve(role), time.millis() / 1000.0);
    OutputStream out =
        Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    if (endsWithinLine(file)) {
      out.write('\n');
    }
    return new MetricsFile(role, time, file, out, events);
  }

  private static boolean endsWithinLine(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      return channel.size() > 0
          && channel.read(last, channel.size() - 1) == 1
          && last.get(0) != '\n';
    }
  }

  /** Appends one line. Figures that JSON cannot write (NaN, infinities) become null. */
  public synchronized void append(String kind, Map<String, ?> fields) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("role", role);
    line.put("kind", kind);
    double seconds = time.millis() / 1000.0;
    line.put("time", seconds);
    fields.forEach((key, value) -> line.put(key, finite(value)));
    try {
      out.write((JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
      if (fields.get("step") instanceof Number step && !fields.containsKey("server")) {
        Map<String, Object> measured = new LinkedHashMap<>(fields);
        measured.remove("step");
        events.append(seconds, step.longValue(), Scalars.of(kind, measured));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "metrics of %s: cannot be written: %s".formatted(role, e.getMessage()), e);
    }
  }

  /**
   * The largest value of an integer field of the lines of a kind in the file.
   *
   * @throws UncheckedIOException if it cannot be read
   */
  public OptionalLong largest(String kind, String field) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .flatMap(line -> object(line).stream())
          .filter(line -> line.path("kind").asString("").equals(kind))
          .map(line -> line.path(field))
          .filter(JsonNode::canConvertToLong)
          .mapToLong(JsonNode::asLong)
          .max();
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** A line that was cut short is no object. */
  private static Optional<JsonNode> object(String line) {
    try {
      return Optional.of(JSON.readTree(line));
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  @SuppressWarnings("NullAway") // A map value of null is written as JSON null.
  private static Object finite(Object value) {
    return value instanceof Double d && !Double.isFinite(d) ? null : value;
  }

  @Override
  public void close() throws IOException {
    try (EventFile _ = events) {
      out.close();
    }
  }
}
