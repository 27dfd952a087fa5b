package dev.freshet.lab.swap;

import dev.freshet.client.AdminClient;
import dev.freshet.lab.load.LoadTimeline;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.wire.PauseMode;
import java.nio.file.Path;

/**
 * The baseline: an update by pausing generation, copying every tensor of the checkpoint over the
 * weights in memory, and resuming, on the same server under the same streams. The copy runs on all
 * cores and verifies nothing. It goes into memory of the same size; the engine's own weights stay
 * unchanged.
 *
 * @param client the admin client of the server
 * @param weights the memory that stands for the engine's weights
 */
record BaselineCopy(AdminClient client, ResidentCopy weights) {
  /**
   * One such update, in milliseconds.
   *
   * @param workMs the update without the call that pauses, which waits for the decode step in
   *     progress
   * @param stallMs from the pause in effect to generation resumed
   */
  record Copied(LoadTimeline.Disturbance when, double workMs, double stallMs) {}

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
          new LoadTimeline.Disturbance(start, resumed),
          (resumed - paused + (mapped - start)) / 1e6,
          (resumed - paused) / 1e6);
    }
  }
}
