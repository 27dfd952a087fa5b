package dev.freshet.weights;

import dev.freshet.trace.DirectoryWatch;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Waits;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Offers published steps as prime-rl's trainer does since August 2026, in {@code step_N/} of a
 * directory that the consumer watches; {@link Broadcasts} is the other side. The consumer gets one
 * step at a time: a step is written once the consumer has accepted it.
 *
 * <p>Steps are sent by one thread; {@link #stop} may be called by any.
 */
public final class BroadcastSender {
  private final Path dir;
  private final int keep;
  private final Duration deadline;
  private volatile boolean stopped;

  /**
   * A sender into {@code dir}, which the first step creates if it is missing.
   *
   * @param keep how many of the newest steps stay there
   * @param deadline for the consumer to accept a step
   */
  public BroadcastSender(Path dir, int keep, Duration deadline) {
    this.dir = dir;
    this.keep = keep;
    this.deadline = deadline;
  }

  /** The directory of a step, whether or not it exists yet. */
  public Path path(long step) {
    return dir.resolve("step_" + step);
  }

  /** How long the consumer may take to accept a step. */
  public Duration deadline() {
    return deadline;
  }

  /**
   * Offers a step, waits until the consumer accepts it, and writes its weights: the safetensors
   * files of a published checkpoint or adapter, linked if both are on one file system. What an
   * earlier process left of the step is removed first. Returns false if stopped before the consumer
   * accepted it; the offer is withdrawn then.
   *
   * @param published the directory of the checkpoint
   * @throws CheckpointException if the consumer does not accept it before the deadline, or it
   *     cannot be written
   */
  public boolean send(long step, Path published) throws InterruptedException {
    Path target = path(step);
    try {
      if (Files.exists(target)) {
        DurableFiles.deleteTree(target);
      }
      Files.createDirectories(target);
      mark(target, BroadcastMarkers.OFFERED);
      if (!accepted(target)) {
        DurableFiles.deleteTree(target);
        return false;
      }
      mark(target, BroadcastMarkers.STARTED);
      for (Path file : weights(published)) {
        place(file, target.resolve(file.getFileName()));
      }
      DurableFiles.forceDirectory(target);
      mark(target, BroadcastMarkers.FINISHED);
      DurableFiles.forceDirectory(target);
      deleteOlder();
      return true;
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be broadcast: %s".formatted(target, DurableFiles.reason(e)), e);
    }
  }

  /** Ends a wait for the consumer; later steps are not waited for either. */
  public void stop() {
    stopped = true;
  }

  /** Whether the consumer accepts the step; false if stopped. */
  private boolean accepted(Path target) throws InterruptedException {
    Path marker = target.resolve(BroadcastMarkers.ACCEPTED);
    try (Waits.Open _ =
        Waits.begin("trainer", "the acceptance of " + target, "orchestrator", deadline)) {
      return DirectoryWatch.await(
              target,
              deadline,
              MonotonicClock.SYSTEM,
              () ->
                  Files.exists(marker)
                      ? Optional.of(true)
                      : Optional.of(false).filter(_ -> stopped))
          .orElseThrow(
              () ->
                  new CheckpointException(
                      "%s: no %s within %d ms: nobody takes the weights, expected an orchestrator that watches %s"
                          .formatted(target, BroadcastMarkers.ACCEPTED, deadline.toMillis(), dir)));
    }
  }

  private static void mark(Path target, String marker) throws IOException {
    try {
      Files.createFile(target.resolve(marker));
    } catch (FileAlreadyExistsException e) {
      throw new IOException(
          "another process broadcasts the same step: it has %s already".formatted(marker), e);
    }
  }

  /** The files of a checkpoint that a consumer gets. */
  private static List<Path> weights(Path published) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(
            published, "{*.safetensors,model.safetensors.index.json,adapter_config.json}")) {
      found.forEach(files::add);
    }
    if (files.isEmpty()) {
      throw new IOException(published + " has no safetensors file");
    }
    return files;
  }

  private static void place(Path file, Path link) throws IOException {
    try {
      Files.createLink(link, file);
    } catch (IOException | UnsupportedOperationException e) { // Another file system, mostly.
      Files.copy(file, link);
      try (FileChannel copy = FileChannel.open(link, StandardOpenOption.WRITE)) {
        copy.force(true);
      }
    }
  }

  private void deleteOlder() throws IOException {
    List<Long> steps = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(dir, "step_*")) {
      children.forEach(child -> CheckpointStore.stepOf(child).ifPresent(steps::add));
    }
    Collections.sort(steps);
    for (long step : steps.subList(0, Math.max(0, steps.size() - keep))) {
      DurableFiles.deleteTree(path(step));
    }
  }
}
