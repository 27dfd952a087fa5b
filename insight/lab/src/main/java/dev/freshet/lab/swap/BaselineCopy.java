package dev.freshet.lab.swap;

import dev.freshet.client.AdminClient;
import dev.freshet.lab.load.LoadTimeline;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.wire.PauseMode;
import java.nio.file.Path;

/**
 * What an update costs the usual way, on the same server and beside the same streams: generation is
 * paused, every tensor of the checkpoint is copied over the weights in memory, generation resumes.
 * The copy goes into memory of the same size and not into the engine's own, which serves on
 * unchanged; it runs on all cores, and nothing is verified.
 *
 * @param client the lane to the server
 * @param weights stands for the engine's weights
 */
record BaselineCopy(AdminClient client, ResidentCopy weights) {
  /**
   * One such update, in milliseconds.
   *
   * @param workMs all of it but the wait for the decode step in progress, for which the call that
   *     pauses stands
   * @param stallMs from the pause in force to generation resumed
   */
  record Copied(LoadTimeline.Span span, double workMs, double stallMs) {}

  /** Updates to the checkpoint in {@code dir}. */
  Copied update(Path dir) {
    long start = System.nanoTime();
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      long mapped = System.nanoTime();
      client.pause(PauseMode.KEEP, false);
      long paused = System.nanoTime();
      try {
        weights.take(checkpoint);
      } finally {
        client.resume();
      }
      long resumed = System.nanoTime();
      return new Copied(
          new LoadTimeline.Span(start, resumed),
          (resumed - paused + (mapped - start)) / 1e6,
          (resumed - paused) / 1e6);
    }
  }
}
