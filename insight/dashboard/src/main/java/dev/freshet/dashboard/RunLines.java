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
 * The lines of a run's {@code metrics.jsonl} as they come, whichever process writes them. A file
 * that is not there yet has none; one that has become shorter begins anew; a line counts once it is
 * whole, and if it is an object.
 */
final class RunLines implements Source {
  /** Of a longer file, what was written last. */
  private static final long MOST_AT_FIRST = 32L << 20;

  private static final int PIECE = 256 << 10;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final ByteBuffer piece = ByteBuffer.allocate(PIECE);
  private long position = -1;
  private volatile long newestStep = -1;

  RunLines(Path file) {
    this.file = file;
  }

  /** The step of the newest batch; -1 while there is none. */
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

  /** Reads the next piece; whether there was any. */
  private boolean read() throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      long size = channel.size();
      if (position < 0) {
        position = Math.max(0, size - MOST_AT_FIRST);
      } else if (size < position) {
        position = 0;
      }
      return channel.read(piece.clear(), position) > 0;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** The whole lines of the piece, which are done with then. */
  private List<String> lines() {
    List<String> lines = new ArrayList<>();
    int length = piece.position();
    int begin = 0;
    for (int i = 0; i < length; i++) {
      if (piece.get(i) == '\n') {
        add(lines, new String(piece.array(), begin, i - begin, StandardCharsets.UTF_8));
        begin = i + 1;
      }
    }
    // A line longer than a piece is none of ours.
    position += begin == 0 && length == PIECE ? length : begin;
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
      return; // Cut off, as by a full disk.
    }
  }
}
