package dev.freshet.weights;

import dev.freshet.trace.DirectoryWatch;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.StreamSupport;

/**
 * The steps that prime-rl's trainer publishes as {@code broadcasts/step_N/}. Its two protocols are
 * told apart by each directory: until August 2026 a step is whole once it has {@code STABLE}; since
 * then the trainer offers a step with {@code .sender_ready} and waits for {@code .receiver_ready},
 * which this class creates, writes the weights, and ends with {@code .finished}. The trainer waits
 * for every step that it offers, so an offer of a version that is served already, as at the start
 * of a run, is accepted too. Steps have no manifest, and offered ones no configuration and no
 * tokenizer. Thread-safe.
 */
public final class Broadcasts implements PublishedWeights {
  private final Path dir;

  /** The steps in {@code dir}, which need not exist yet. */
  public Broadcasts(Path dir) {
    this.dir = dir;
  }

  @Override
  public Path path(long step) {
    return dir.resolve("step_" + step);
  }

  @Override
  public OptionalLong latest() {
    try (DirectoryStream<Path> children = Files.newDirectoryStream(dir, "step_*")) {
      return StreamSupport.stream(children.spliterator(), false)
          .filter(child -> isWhole(child) || Files.exists(child.resolve(BroadcastMarkers.OFFERED)))
          .flatMap(child -> CheckpointStore.stepOf(child).stream())
          .max(Comparator.naturalOrder())
          .map(OptionalLong::of)
          .orElse(OptionalLong.empty());
    } catch (NoSuchFileException e) {
      return OptionalLong.empty(); // Nothing has been published.
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be listed: %s".formatted(dir, DurableFiles.reason(e)), e);
    }
  }

  private static boolean isWhole(Path step) {
    return Files.exists(step.resolve(CheckpointStore.STABLE))
        || Files.exists(step.resolve(BroadcastMarkers.FINISHED));
  }

  /** Accepts the newest step that is offered, and waits until the trainer has written it. */
  @Override
  public long awaitNewerThan(long step, Duration deadline) throws InterruptedException {
    return DirectoryWatch.await(dir, deadline, MonotonicClock.SYSTEM, () -> newer(step))
        .orElseThrow(
            () ->
                new CheckpointException(
                    "%s: a step above %d did not appear whole within %d ms: %s"
                        .formatted(dir, step, deadline.toMillis(), newest())));
  }

  private Optional<Long> newer(long step) {
    OptionalLong latest = latest();
    if (latest.isEmpty()) {
      return Optional.empty();
    }
    Path found = path(latest.getAsLong());
    if (!isWhole(found)) {
      accept(found);
      return Optional.empty();
    }
    return Optional.of(latest.getAsLong()).filter(newest -> newest > step);
  }

  private static void accept(Path step) {
    try {
      Files.createFile(step.resolve(BroadcastMarkers.ACCEPTED));
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      // Accepted before, and the trainer is writing; or the trainer has withdrawn the step.
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be accepted, the trainer waits for %s: %s"
              .formatted(step, BroadcastMarkers.ACCEPTED, DurableFiles.reason(e)),
          e);
    }
  }

  private String newest() {
    OptionalLong latest = latest();
    if (latest.isEmpty()) {
      return "no step has a %s or %s file"
          .formatted(CheckpointStore.STABLE, BroadcastMarkers.OFFERED);
    }
    Path found = path(latest.getAsLong());
    return "the newest, %s, has %s"
        .formatted(
            found,
            isWhole(found)
                ? "been taken"
                : "no %s after its %s"
                    .formatted(BroadcastMarkers.FINISHED, BroadcastMarkers.ACCEPTED));
  }

  @Override
  public void requireWhole(long step) {
    CheckpointStore.open(path(step)).close();
  }
}
