package dev.freshet.weights;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;

/** The checkpoints that a trainer publishes, a directory a step, as an orchestrator finds them. */
public interface PublishedWeights {
  /** The directory of a step, whether or not it exists yet. */
  Path path(long step);

  /** The newest step that is published or about to be. */
  OptionalLong latest();

  /**
   * Waits for any step above {@code step} and returns the newest; the directory of all steps need
   * not exist yet.
   *
   * @throws CheckpointException once {@code deadline} has passed
   */
  long awaitNewerThan(long step, Duration deadline) throws InterruptedException;

  /**
   * Checks that a published step is whole, as far as that can be told without reading its tensors.
   *
   * @throws CheckpointException naming what is missing or differs
   */
  void requireWhole(long step);
}
