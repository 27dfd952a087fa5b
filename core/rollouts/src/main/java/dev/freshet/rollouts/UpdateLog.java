package dev.freshet.rollouts;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/**
 * The log of weight updates beside the batches, {@code updates.jsonl}: the policy versions that the
 * servers of a run were asked to serve, and those that they serve. One event a line, in the order
 * of the events. The orchestrator writes a version's {@code sent} before the first token of that
 * version can exist, so the log knows every version in the batches beside it.
 *
 * <p>One process writes; any number read. An event is appended as a whole line by one write. A last
 * line without its line feed was torn when a writer was killed; readers ignore it.
 */
public final class UpdateLog {
  private final Path file;

  UpdateLog(Path file) {
    this.file = file;
  }

  /** The path of the file. */
  public Path path() {
    return file;
  }

  /**
   * Begins the log of a run all of whose servers serve {@code version}. It atomically replaces the
   * log of an earlier run.
   *
   * @throws BatchException if the file cannot be written
   */
  public synchronized void begin(long version) {
    Path temporary = file.resolveSibling(".%s.tmp".formatted(file.getFileName()));
    try {
      Files.createDirectories(temporary.toAbsolutePath().getParent());
      Files.write(temporary, UpdateEvent.served(version).toJson());
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw cannotBeWritten(e);
    }
  }

  /**
   * Continues the log of a run that is resumed, all of whose servers serve {@code version}. A last
   * line that was torn is removed.
   *
   * @throws BatchException if the file cannot be written
   */
  public synchronized void resume(long version) {
    if (!Files.exists(file)) {
      begin(version);
      return;
    }
    try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "rw")) {
      byte[] bytes = new byte[Math.toIntExact(log.length())];
      log.readFully(bytes);
      int whole = bytes.length;
      while (whole > 0 && bytes[whole - 1] != '\n') {
        whole--;
      }
      log.setLength(whole);
    } catch (IOException e) {
      throw cannotBeWritten(e);
    }
    append(UpdateEvent.served(version));
  }

  /**
   * Appends an event to a log that was begun, even if the thread is interrupted.
   *
   * @throws BatchException if the file cannot be written
   */
  public synchronized void append(UpdateEvent event) {
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.APPEND)) {
      out.write(event.toJson());
    } catch (IOException e) {
      throw cannotBeWritten(e);
    }
  }

  private BatchException cannotBeWritten(IOException e) {
    return new BatchException(
        "%s: cannot be written: %s".formatted(file, BatchException.reason(e)), e);
  }

  /** A position at the beginning of the log, from which to follow it; the caller closes it. */
  public UpdateLogCursor cursor() {
    return new UpdateLogCursor(file);
  }

  /**
   * All events so far; empty if there is no log.
   *
   * @throws BatchException if it cannot be read, naming the line and the field that is wrong
   */
  public Optional<List<UpdateEvent>> read() {
    try (UpdateLogCursor cursor = cursor()) {
      return cursor.read().map(UpdateLogCursor.Read::events);
    }
  }
}
