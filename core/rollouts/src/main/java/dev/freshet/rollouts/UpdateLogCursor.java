package dev.freshet.rollouts;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A reader's position in an update log. Each read returns the events after those of the read before
 * it, so a reader that follows a log parses every line once. A last line without its line feed is
 * left for a later read.
 *
 * <p>A read starts at the beginning again if {@link UpdateLog#begin} has replaced the log, or the
 * file is shorter than the position. The cursor holds the file open: its identity cannot pass to
 * another file meanwhile. Not thread-safe; the owner closes it.
 */
public final class UpdateLogCursor implements AutoCloseable {
  private final Path file;
  private @Nullable Opened opened;
  private long position;
  private int lines;

  /**
   * The result of a read.
   *
   * @param fromBeginning whether {@code events} are all events of the log, so that those of earlier
   *     reads no longer count
   * @param events in the order of the log
   */
  public record Read(boolean fromBeginning, List<UpdateEvent> events) {
    public Read {
      events = List.copyOf(events);
    }
  }

  /**
   * An open file.
   *
   * @param handle not a channel, which an interrupt of the reading thread would close
   * @param key identifies the file; null on a file system without such keys, where every read
   *     starts at the beginning
   */
  private record Opened(RandomAccessFile handle, @Nullable Object key) {}

  UpdateLogCursor(Path file) {
    this.file = file;
  }

  /**
   * Reads the events since the last read; empty if there is no log. If it throws, the position does
   * not change.
   *
   * @throws BatchException if the log cannot be read, naming the line and the field that is wrong
   */
  public Optional<Read> read() {
    try {
      Opened current = current();
      boolean fromBeginning = position == 0;
      List<UpdateEvent> events = eventsAfterPosition(current.handle());
      return Optional.of(new Read(fromBeginning, events));
    } catch (NoSuchFileException e) {
      close();
      return Optional.empty();
    } catch (IOException e) {
      throw new BatchException(
          "%s: cannot be read: %s".formatted(file, BatchException.reason(e)), e);
    }
  }

  /** The file that is now the log, open; the position is 0 if it is another one than before. */
  private Opened current() throws IOException {
    Object key = key();
    Opened last = opened;
    if (last != null && key != null && key.equals(last.key())) {
      if (last.handle().length() < position) {
        position = 0;
        lines = 0;
      }
      return last;
    }
    close();
    Opened fresh = new Opened(open(), key);
    opened = fresh;
    // If the log was replaced since the first look, the handle may be of either file.
    return Objects.equals(key, key()) ? fresh : current();
  }

  private RandomAccessFile open() throws IOException {
    try {
      return new RandomAccessFile(file.toFile(), "r");
    } catch (FileNotFoundException e) { // Also for a directory or a lack of permission.
      if (Files.exists(file)) {
        throw e;
      }
      throw new NoSuchFileException(file.toString());
    }
  }

  private @Nullable Object key() throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  private List<UpdateEvent> eventsAfterPosition(RandomAccessFile handle) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(handle.length() - position)];
    handle.seek(position);
    handle.readFully(bytes);
    List<UpdateEvent> events = new ArrayList<>();
    int begin = 0;
    for (int end = 0; end < bytes.length; end++) {
      if (bytes[end] == '\n') {
        String where = "%s: line %d".formatted(file, lines + events.size() + 1);
        events.add(UpdateEvent.parse(where, Arrays.copyOfRange(bytes, begin, end)));
        begin = end + 1;
      }
    }
    position += begin;
    lines += events.size();
    return events;
  }

  /** Releases the file; a later read starts at the beginning. */
  @Override
  public void close() {
    Opened last = opened;
    opened = null;
    position = 0;
    lines = 0;
    if (last != null) {
      try {
        last.handle().close();
      } catch (IOException e) {
        throw new BatchException(
            "%s: cannot be closed: %s".formatted(file, BatchException.reason(e)), e);
      }
    }
  }
}
