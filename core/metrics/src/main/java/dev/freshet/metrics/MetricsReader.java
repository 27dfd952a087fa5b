package dev.freshet.metrics;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Reads a run's metrics: the lines of all {@code metrics/<role>.jsonl} in its directory, and of
 * {@code metrics.jsonl} if there is one, merged by their {@code time}. Lines of one file stay in
 * order; a line without a time goes with the line before it.
 *
 * <p>A reader remembers how far it has read, so reading again passes only what was added. A last
 * line without a line feed is not read until it is whole. A file that has become shorter is read
 * from its start again; files may appear at any time. Not thread-safe.
 */
public final class MetricsReader {
  /** The longest line that is read, and how much of a file is read at once. */
  private static final int PIECE_BYTES = 256 << 10;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path run;
  private final long tailBytes;
  private final NavigableMap<Path, Tail> tails = new TreeMap<>();
  private final ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
  private long malformed;

  private record Line(double time, JsonNode fields) {}

  /**
   * Reads all of the files.
   *
   * @param run the run's directory, which need not exist yet
   */
  public MetricsReader(Path run) {
    this(run, Long.MAX_VALUE);
  }

  /**
   * @param run the run's directory, which need not exist yet
   * @param tailBytes the most that is read of a file when it is first seen: the bytes at its end
   */
  public MetricsReader(Path run, long tailBytes) {
    this.run = run;
    this.tailBytes = tailBytes;
  }

  /** Whether a directory contains metrics of a run. */
  public static boolean exists(Path run) {
    try {
      return !files(run).isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Passes every line added since the last call, each a JSON object.
   *
   * @throws IOException if a file cannot be read
   */
  public void read(Consumer<JsonNode> line) throws IOException {
    for (Path file : files(run)) {
      tails.computeIfAbsent(file, Tail::new);
    }
    for (Tail tail : tails.values()) {
      tail.atEnd = false;
    }
    for (Optional<Tail> first = earliest(); first.isPresent(); first = earliest()) {
      line.accept(first.get().lines.removeFirst().fields());
    }
  }

  /** How many lines were skipped so far: no JSON object, or longer than 256 KiB. */
  public long malformed() {
    return malformed;
  }

  private static List<Path> files(Path run) throws IOException {
    List<Path> files = new ArrayList<>();
    Path single = run.resolve(MetricsFile.DIRECTORY + MetricsFile.EXTENSION);
    if (Files.isRegularFile(single)) {
      files.add(single);
    }
    try (DirectoryStream<Path> roles =
        Files.newDirectoryStream(run.resolve(MetricsFile.DIRECTORY), "*" + MetricsFile.EXTENSION)) {
      roles.forEach(files::add);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return files;
    }
    Collections.sort(files);
    return files;
  }

  /** The file whose next line is the earliest; empty once all are read to their ends. */
  private Optional<Tail> earliest() throws IOException {
    List<Tail> unread = new ArrayList<>(tails.size());
    for (Tail tail : tails.values()) {
      if (tail.hasLine()) {
        unread.add(tail);
      }
    }
    return unread.stream().min(Comparator.comparingDouble(tail -> tail.lines.getFirst().time()));
  }

  /** What is not yet read of one file. */
  private final class Tail {
    private final Path file;
    private final Deque<Line> lines = new ArrayDeque<>();
    private long position = -1;
    private double time = Double.NEGATIVE_INFINITY;
    private boolean atEnd;

    /** Whether the rest of the line at the position is to be skipped. */
    private boolean skipping;

    Tail(Path file) {
      this.file = file;
    }

    boolean hasLine() throws IOException {
      while (lines.isEmpty() && !atEnd) {
        atEnd = !readPiece();
      }
      return !lines.isEmpty();
    }

    /** Reads the next piece; returns whether it has an end of a line. */
    private boolean readPiece() throws IOException {
      piece.clear();
      try (FileChannel channel = FileChannel.open(file)) {
        locate(channel.size());
        int read;
        do {
          read = channel.read(piece, position + piece.position());
        } while (read > 0 && piece.hasRemaining());
      } catch (NoSuchFileException e) {
        return false;
      }
      return cut();
    }

    private void locate(long size) {
      if (position < 0) {
        // One byte more, so that a line that begins at the bound is read.
        position = Math.max(0, size - tailBytes - 1);
        skipping = position > 0;
      } else if (size < position) {
        position = 0;
        skipping = false;
        time = Double.NEGATIVE_INFINITY;
      }
    }

    private boolean cut() {
      int begin = 0;
      for (int i = 0; i < piece.position(); i++) {
        if (piece.get(i) == '\n') {
          if (!skipping) {
            parse(new String(piece.array(), begin, i - begin, StandardCharsets.UTF_8));
          }
          skipping = false;
          begin = i + 1;
        }
      }
      if (begin == 0 && !piece.hasRemaining()) {
        malformed += skipping ? 0 : 1;
        skipping = true;
        begin = piece.position();
      }
      position += begin;
      return begin > 0;
    }

    private void parse(String text) {
      if (text.isBlank()) {
        return;
      }
      try {
        JsonNode fields = JSON.readTree(text);
        if (fields.isObject()) {
          time = fields.path("time").asDouble(time);
          lines.addLast(new Line(time, fields));
          return;
        }
      } catch (JacksonException e) {
        // A process was killed, or the disk was full, while the line was written.
      }
      malformed++;
    }
  }
}
