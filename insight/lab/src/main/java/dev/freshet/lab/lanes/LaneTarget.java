package dev.freshet.lab.lanes;

import dev.freshet.fleet.Dialect;
import java.net.URI;
import java.util.List;

/**
 * The server that is measured.
 *
 * @param name what reports call it
 * @param dialect which program it is
 * @param data where the streams go
 * @param admin where the updates go
 * @param weightDirs checkpoints of one shape as the server sees them, brought in turn; at least one
 */
public record LaneTarget(
    String name, Dialect dialect, URI data, URI admin, List<String> weightDirs) {
  public LaneTarget {
    weightDirs = List.copyOf(weightDirs);
    if (weightDirs.isEmpty()) {
      throw new IllegalArgumentException("no checkpoint to update to: expected at least one");
    }
  }
}
