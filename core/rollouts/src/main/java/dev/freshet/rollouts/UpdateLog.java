package dev.freshet.rollouts;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Which policy versions the servers of a run were asked to serve and which they serve: {@code
 * updates.jsonl} beside the batches, an event a line, in the order of the events. The orchestrator
 * writes a version's {@code sent} before the first token that can be of it exists, so the log that
 * lies beside a batch knows every version in the batch.
 *
 * <p>One process writes; any number read. An event is one append of a whole line. A last line
 * without its line feed is the torn one of a writer that was killed, and is ignored.
 */
public final class UpdateLog {
  private final Path file;

  UpdateLog(Path file) {
    this.file = file;
  }

  /** Where it is. */
  public Path path() {
    return file;
  }

  /**
   * Begins the log of a run, all of whose servers serve {@code version}; one of an earlier run is
   * replaced at once by it.
   *
   * @throws BatchException if the disk refuses
   */
  public synchronized void begin(long version) {
    Path beside = file.resolveSibling(".%s.tmp".formatted(file.getFileName()));
    try {
      Files.createDirectories(beside.toAbsolutePath().getParent());
      Files.write(beside, UpdateEvent.served(version).toJson());
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw cannotBeWritten(e);
    }
  }

  /**
   * Appends an event to a log that was begun. A thread that is interrupted appends all the same.
   *
   * @throws BatchException if the disk refuses
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

  /**
   * All events so far; empty if there is no log.
   *
   * @throws BatchException if it cannot be read, naming the line and the field that is wrong
   */
  public Optional<List<UpdateEvent>> read() {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new BatchException(
          "%s: cannot be read: %s".formatted(file, BatchException.reason(e)), e);
    }
    List<UpdateEvent> events = new ArrayList<>();
    int begin = 0;
    for (int end = 0; end < bytes.length; end++) {
      if (bytes[end] == '\n') {
        String where = "%s: line %d".formatted(file, events.size() + 1);
        events.add(UpdateEvent.parse(where, Arrays.copyOfRange(bytes, begin, end)));
        begin = end + 1;
      }
    }
    return Optional.of(events);
  }
}
