package dev.freshet.rollouts;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads the records of a journal. What is not a whole record at the end of the file was being
 * written when the process or its host died; anywhere else it is damage, which is an error.
 */
final class JournalReader {
  /** Receives the records in order. */
  interface Records {
    /**
     * @param line the record's line, without its line feed
     */
    void accept(byte[] line, JournalRecord next) throws IOException;
  }

  private JournalReader() {}

  /**
   * Reads all records. Returns the number of bytes up to the end of the last whole one.
   *
   * @throws BatchException if there is no journal, it cannot be read or it is damaged
   */
  static long read(Path file, Records into) {
    int number = 0;
    long read = 0;
    long whole = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      for (Optional<byte[]> line = line(in); line.isPresent(); line = line(in)) {
        number++;
        boolean afterDamage = whole < read;
        read += line.get().length + 1L;
        Optional<JournalRecord> next = JournalLine.parse(line.get());
        if (next.isEmpty()) {
          continue;
        }
        if (afterDamage) {
          throw damaged(file, number - 1, "is not as it was written");
        }
        if (number == 1 != next.get() instanceof JournalRecord.Begun) {
          throw damaged(file, number, "is not in its place");
        }
        accept(file, number, line.get(), next.get(), into);
        whole = read;
      }
    } catch (NoSuchFileException e) {
      throw new BatchException(
          "%s: not found: the run has no journal, so it cannot be resumed".formatted(file), e);
    } catch (IOException e) {
      throw new BatchException(
          "%s: cannot be read: %s".formatted(file, BatchException.reason(e)), e);
    }
    if (whole == 0) {
      throw damaged(file, 1, "is not as it was written");
    }
    return whole;
  }

  private static void accept(Path file, int number, byte[] line, JournalRecord next, Records into)
      throws IOException {
    try {
      into.accept(line, next);
    } catch (BatchException e) {
      throw damaged(file, number, "does not follow from those before it: " + e.getMessage());
    }
  }

  private static BatchException damaged(Path file, int line, String what) {
    return new BatchException(
        "%s: line %d %s: the journal is damaged, so the run cannot be resumed; a new run can start from its newest weights (model.path)"
            .formatted(file, line, what));
  }

  /** The next line without its line feed; empty at the end, also for one that has no line feed. */
  private static Optional<byte[]> line(InputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int next = in.read(); next >= 0; next = in.read()) {
      if (next == '\n') {
        return Optional.of(bytes.toByteArray());
      }
      bytes.write(next);
    }
    return Optional.empty();
  }
}
