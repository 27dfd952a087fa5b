package dev.freshet.rollouts;

import dev.freshet.trace.DirectoryWatch;
import dev.freshet.trace.MonotonicClock;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The batches of a run on disk: {@code rollouts/step_N.jsonl}, one rollout a line. A batch is
 * written under a hidden name, forced to the disk and renamed, so a reader sees all of it or
 * nothing. One process writes (the orchestrator); any number read.
 */
public final class BatchStore {
  private final Path rolloutsDir;
  private final UpdateLog updates;

  /** A store in {@code rolloutsDir}, which the first batch creates if it is missing. */
  public BatchStore(Path rolloutsDir) {
    this.rolloutsDir = rolloutsDir;
    this.updates = new UpdateLog(rolloutsDir.resolve("updates.jsonl"));
  }

  /** The file of a step's batch, whether or not it exists yet. */
  public Path path(long step) {
    return rolloutsDir.resolve("step_%d.jsonl".formatted(step));
  }

  /** Whether the batch of a step is there. */
  public boolean exists(long step) {
    return Files.exists(path(step));
  }

  /** The log of the weight updates of the servers that generate the batches. */
  public UpdateLog updates() {
    return updates;
  }

  /**
   * Writes a batch; an existing batch of the same step is replaced.
   *
   * @throws BatchException if the batch cannot be written; nothing of it is visible then
   */
  public synchronized void write(TrainingBatch batch) {
    Path target = path(batch.step());
    Path temporary = rolloutsDir.resolve(".%s.tmp".formatted(target.getFileName()));
    try {
      Files.createDirectories(rolloutsDir);
      removeLeftovers();
      writeLines(temporary, batch);
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel dir = FileChannel.open(rolloutsDir, StandardOpenOption.READ)) {
        dir.force(true);
      }
    } catch (IOException e) {
      BatchException refused =
          new BatchException(
              "%s: cannot be written: %s".formatted(target, BatchException.reason(e)), e);
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException left) {
        refused.addSuppressed(left); // The next write removes the file.
      }
      throw refused;
    }
  }

  private void removeLeftovers() throws IOException {
    try (DirectoryStream<Path> leftovers =
        Files.newDirectoryStream(rolloutsDir, ".step_*.jsonl.tmp")) {
      for (Path leftover : leftovers) {
        Files.deleteIfExists(leftover);
      }
    }
  }

  private static void writeLines(Path file, TrainingBatch batch) throws IOException {
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
      List<Rollout> rollouts = batch.rollouts();
      for (int i = 0; i < rollouts.size(); i++) {
        out.write(BatchLine.json(batch.step(), i, rollouts.size(), rollouts.get(i)));
      }
      out.flush();
      channel.force(true);
    }
  }

  /**
   * Reads the batch of a step. A rollout with impossible values is in the batch as unusable.
   *
   * @throws BatchException if it is missing, incomplete or not a batch, naming the line and the
   *     field
   */
  public TrainingBatch read(long step) {
    Path file = path(step);
    List<Rollout> rollouts = new ArrayList<>();
    List<UnusableRollout> unusable = new ArrayList<>();
    int expected = 0;
    int number = 0;
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new BatchException("%s: not a regular file, expected a batch".formatted(file));
    }
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String text = lines.readLine(); text != null; text = lines.readLine()) {
        number++;
        String where = "%s: line %d".formatted(file, number);
        BatchLine line = BatchLine.parse(where, text);
        if (line.step() != step || line.index() != number - 1 || line.of() < number) {
          throw new BatchException(
              "%s: rollout %d of %d of step %d, expected number %d of step %d"
                  .formatted(where, line.index(), line.of(), line.step(), number - 1, step));
        }
        expected = line.of();
        switch (line.content()) {
          case BatchLine.Usable(Rollout rollout) -> rollouts.add(rollout);
          case BatchLine.Unusable(UnusableRollout why) -> unusable.add(why);
        }
      }
    } catch (NoSuchFileException e) {
      throw new BatchException("%s: not found, expected a batch".formatted(file), e);
    } catch (CharacterCodingException e) {
      throw new BatchException(
          "%s: line %d: not UTF-8, expected a line of JSON".formatted(file, number + 1), e);
    } catch (IOException e) {
      throw new BatchException(
          "%s: cannot be read: %s".formatted(file, BatchException.reason(e)), e);
    }
    if (number == 0) {
      throw new BatchException("%s: empty, expected one rollout a line".formatted(file));
    }
    if (number != expected) {
      throw new BatchException(
          "%s: %d rollouts, expected %d: the file was truncated".formatted(file, number, expected));
    }
    return new TrainingBatch(step, rollouts, unusable);
  }

  /**
   * Waits for the batch of a step and reads it; the store's directory need not exist yet.
   *
   * @throws BatchException once {@code deadline} has passed, or as {@link #read} throws it
   */
  public TrainingBatch await(long step, Duration deadline) throws InterruptedException {
    Path file = path(step);
    Optional<Path> found =
        DirectoryWatch.await(
            rolloutsDir,
            deadline,
            MonotonicClock.SYSTEM,
            () -> Optional.of(file).filter(Files::exists));
    if (found.isEmpty()) {
      throw new BatchException(
          "%s: did not appear within %d ms%s"
              .formatted(
                  file,
                  deadline.toMillis(),
                  Files.isDirectory(rolloutsDir) ? "" : ": its directory does not exist"));
    }
    return read(step);
  }
}
