package dev.freshet.fleet;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a fleet is updated and looked after.
 *
 * @param deadlines of the phases of an update
 * @param quorum how many servers must serve a version for it to be committed; 0: all that were
 *     serving when the update began
 * @param interval between two looks at a server
 * @param recovery how long the fleet may be without a server that serves before a rollout fails
 * @param journal the file of its transactions; empty: an interrupted one is not recovered
 * @param compare whether the weights of replicas are compared after every load, by the checksums
 *     that their program computes
 */
public record FleetOptions(
    PhaseDeadlines deadlines,
    int quorum,
    Duration interval,
    Duration recovery,
    Optional<Path> journal,
    boolean compare) {
  /** Of a fleet that does not compare the weights of its replicas. */
  public FleetOptions(
      PhaseDeadlines deadlines,
      int quorum,
      Duration interval,
      Duration recovery,
      Optional<Path> journal) {
    this(deadlines, quorum, interval, recovery, journal, false);
  }

  /**
   * All servers, a look every second, 600 s without a server, and no journal.
   *
   * @param update the deadline of each phase
   */
  public static FleetOptions of(Duration update) {
    return new FleetOptions(
        PhaseDeadlines.all(update),
        0,
        Duration.ofSeconds(1),
        Duration.ofSeconds(600),
        Optional.empty());
  }

  /** The same of a fleet that compares the weights of its replicas, or does not. */
  public FleetOptions comparing(boolean weights) {
    return new FleetOptions(deadlines, quorum, interval, recovery, journal, weights);
  }

  /** The same with another journal. */
  FleetOptions with(Optional<Path> file) {
    return new FleetOptions(deadlines, quorum, interval, recovery, file, compare);
  }
}
