package dev.freshet.lab.lanes;

import dev.freshet.fleet.dialect.Dialect;
import java.net.URI;
import java.util.List;

/**
 * The server that is measured.
 *
 * @param name its name in reports
 * @param dialect the program it runs
 * @param data URL of the streams
 * @param admin URL of the updates
 * @param weightDirs checkpoints of one shape, as paths on the server, loaded in rotation; at least
 *     one
 */
public record LaneTarget(
    String name, Dialect dialect, URI data, URI admin, List<String> weightDirs) {
  public LaneTarget {
    weightDirs = List.copyOf(weightDirs);
    if (weightDirs.isEmpty()) {
      throw new IllegalArgumentException("no checkpoint to update to; expected at least one");
    }
  }
}
