package dev.freshet.rollouts;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The journal of a run, {@code journal.jsonl} in its directory: what an orchestrator that is killed
 * leaves to the process that resumes the run. One record a line, each with a checksum.
 *
 * <p>A record survives the death of the process once {@link #append} returns, and that of the host
 * once {@link #force} returns. Records of settled groups are removed from time to time, so that the
 * file stays below twice the size of what is needed, and {@value #LEAST_COMPACTED} bytes. After a
 * write has failed, nothing more is written. Thread-safe; the owner closes it.
 */
public final class RunJournal implements AutoCloseable {
  /** A smaller journal is left as it is. */
  static final long LEAST_COMPACTED = 4 << 20;

  private final Path file;
  private final long leastCompacted;
  private final JournaledRun earlier;
  private final long removed;
  private final ReentrantLock lock = new ReentrantLock();

  /** Not a channel, which an interrupt of a writing thread would close. */
  private FileOutputStream out;

  private long size;
  private long compactAt;
  private boolean dirty;
  private Optional<IOException> failure = Optional.empty();

  private RunJournal(Path file, long size, JournaledRun earlier, long removed, long leastCompacted)
      throws IOException {
    this.file = file;
    this.out = new FileOutputStream(file.toFile(), true);
    this.size = size;
    this.earlier = earlier;
    this.removed = removed;
    this.leastCompacted = leastCompacted;
    this.compactAt = Math.max(leastCompacted, 2 * size);
  }

  /**
   * Begins the journal of a run.
   *
   * @param settings one or more, which a process that resumes the run must have too
   * @throws BatchException if there is one, or it cannot be written
   */
  public static RunJournal begin(Path file, Map<String, String> settings) {
    if (Files.exists(file)) {
      throw new BatchException(
          "%s: the journal of an earlier run, expected none: resume that run with --resume, or choose another run directory"
              .formatted(file));
    }
    byte[] first = JournalLine.of(new JournalRecord.Begun(settings));
    try {
      Files.createDirectories(directory(file));
      replace(file, lines -> lines.write(first));
      return new RunJournal(file, first.length, JournaledRun.fresh(), 0, LEAST_COMPACTED);
    } catch (IOException e) {
      throw cannotBeWritten(file, e);
    }
  }

  /**
   * Continues the journal of a run. A last record that was cut short is removed.
   *
   * @param settings of this process
   * @throws BatchException if there is no journal, it is damaged, or it is of a run with other
   *     settings, which are named
   */
  public static RunJournal resume(Path file, Map<String, String> settings) {
    return resume(file, settings, LEAST_COMPACTED);
  }

  /** As {@link #resume}; without a journal, the run begins. */
  public static RunJournal resumeOrBegin(Path file, Map<String, String> settings) {
    return Files.exists(file) ? resume(file, settings) : begin(file, settings);
  }

  static RunJournal resume(Path file, Map<String, String> settings, long leastCompacted) {
    JournaledRun earlier = new JournaledRun();
    long valid = JournalReader.read(file, (_, next) -> earlier.add(next));
    requireSame(file, earlier.settings(), settings);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long removed = channel.size() - valid;
      channel.truncate(valid);
      return new RunJournal(file, valid, earlier, removed, leastCompacted);
    } catch (IOException e) {
      throw cannotBeWritten(file, e);
    }
  }

  private static void requireSame(
      Path file, Map<String, String> journaled, Map<String, String> settings) {
    settings.forEach(
        (name, value) -> {
          String before = journaled.getOrDefault(name, "");
          if (!before.equals(value)) {
            throw new BatchException(
                "%s: %s is %s, but the run began with %s: resume it with its own settings, or choose another run directory"
                    .formatted(file, name, value, before));
          }
        });
  }

  /** Whether an earlier process began the journal. */
  public boolean resumed() {
    return !earlier.settings().isEmpty();
  }

  /** What the journal had when it was opened. */
  public JournaledRun earlier() {
    return earlier;
  }

  /** The bytes of a last record that was cut short, which were removed. */
  public long removed() {
    return removed;
  }

  /**
   * Appends a record.
   *
   * @throws BatchException if it cannot be written, now or before
   */
  public void append(JournalRecord next) {
    byte[] line = JournalLine.of(next);
    lock.lock();
    try {
      requireWritable();
      out.write(line);
      size += line.length;
      dirty = true;
    } catch (IOException e) {
      throw failed(e);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Forces what was appended to the disk.
   *
   * @throws BatchException if that fails
   */
  public void force() {
    lock.lock();
    try {
      requireWritable();
      if (dirty) {
        out.getFD().sync();
        dirty = false;
      }
    } catch (IOException e) {
      throw failed(e);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Removes the records of settled groups if they may be half of the file.
   *
   * @throws BatchException if the file cannot be rewritten
   */
  public void compactIfDue() {
    lock.lock();
    try {
      requireWritable();
      if (size >= compactAt) {
        compact();
      }
    } catch (IOException e) {
      throw failed(e);
    } finally {
      lock.unlock();
    }
  }

  private void compact() throws IOException {
    JournaledRun now = new JournaledRun();
    long _ = JournalReader.read(file, (_, next) -> now.add(next));
    replace(
        file,
        lines -> {
          lines.write(JournalLine.of(new JournalRecord.Begun(now.settings())));
          lines.write(JournalLine.of(now.counts()));
          long _ =
              JournalReader.read(
                  file,
                  (line, next) -> {
                    if (now.needs(next)) {
                      lines.write(line);
                      lines.write('\n');
                    }
                  });
        });
    out.close();
    out = new FileOutputStream(file.toFile(), true);
    size = Files.size(file);
    compactAt = Math.max(leastCompacted, 2 * size);
    dirty = false;
  }

  /** Writes the lines of a file. */
  private interface Lines {
    void write(OutputStream out) throws IOException;
  }

  private static void replace(Path file, Lines lines) throws IOException {
    Path temporary = file.resolveSibling(".%s.tmp".formatted(file.getFileName()));
    Files.deleteIfExists(temporary);
    try (FileOutputStream fresh = new FileOutputStream(temporary.toFile())) {
      OutputStream buffered = new BufferedOutputStream(fresh, 1 << 16);
      lines.write(buffered);
      buffered.flush();
      fresh.getFD().sync();
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel directory = FileChannel.open(directory(file), StandardOpenOption.READ)) {
      directory.force(true);
    }
  }

  private static Path directory(Path file) {
    return Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of("/"));
  }

  private void requireWritable() throws IOException {
    if (failure.isPresent()) {
      throw failure.get();
    }
  }

  /** What follows a record that was written in part could not be read. */
  private BatchException failed(IOException e) {
    failure = Optional.of(e);
    return cannotBeWritten(file, e);
  }

  private static BatchException cannotBeWritten(Path file, IOException e) {
    return new BatchException(
        "%s: cannot be written: %s".formatted(file, BatchException.reason(e)), e);
  }

  /** Closes the file. What was appended is not forced. */
  @Override
  public void close() {
    lock.lock();
    try {
      out.close();
    } catch (IOException e) {
      throw cannotBeWritten(file, e);
    } finally {
      lock.unlock();
    }
  }
}
