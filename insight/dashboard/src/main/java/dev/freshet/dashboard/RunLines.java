package dev.freshet.dashboard;

import dev.freshet.trace.LiveFeed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Follows a run's {@code metrics.jsonl}, whichever process writes it. Publishes complete lines that
 * are JSON objects and skips others. A file that does not exist yet has no lines; a file that has
 * become shorter is read from its beginning.
 */
final class RunLines implements Source {
  /** How much of the end of an existing file is read. */
  private static final long MAX_FIRST_BYTES = 32L << 20;

  private static final int CHUNK_BYTES = 256 << 10;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
  private long position = -1;
  private volatile long newestStep = -1;

  RunLines(Path file) {
    this.file = file;
  }

  /** The step of the newest batch; -1 before the first. */
  long newestStep() {
    return newestStep;
  }

  @Override
  public void publish(LiveFeed feed) throws IOException {
    while (read()) {
      List<String> lines = lines();
      if (lines.isEmpty()) {
        return;
      }
      feed.lines(lines);
    }
  }

  /** Reads the next chunk; false at the end of the file. */
  private boolean read() throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      long size = channel.size();
      if (position < 0) {
        position = Math.max(0, size - MAX_FIRST_BYTES);
      } else if (size < position) {
        position = 0;
      }
      return channel.read(chunk.clear(), position) > 0;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** The complete lines of the chunk; advances the position past them. */
  private List<String> lines() {
    List<String> lines = new ArrayList<>();
    int length = chunk.position();
    int begin = 0;
    for (int i = 0; i < length; i++) {
      if (chunk.get(i) == '\n') {
        add(lines, new String(chunk.array(), begin, i - begin, StandardCharsets.UTF_8));
        begin = i + 1;
      }
    }
    // No role writes a line that is longer than a chunk.
    position += begin == 0 && length == CHUNK_BYTES ? length : begin;
    return lines;
  }

  private void add(List<String> lines, String text) {
    try {
      JsonNode line = JSON.readTree(text);
      if (line.isObject()) {
        lines.add(line.toString());
        if (line.path("kind").asString("").equals("step")) {
          newestStep = Math.max(newestStep, line.path("step").asLong(-1));
        }
      }
    } catch (JacksonException e) {
      return; // Cut off, for example by a full disk.
    }
  }
}
