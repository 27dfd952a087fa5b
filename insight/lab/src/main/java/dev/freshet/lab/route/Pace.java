package dev.freshet.lab.route;

import java.util.List;

/**
 * Compares what the clients of a load receive with what the replicas make for it. Over a window the
 * load keeps up if no event was lost for want of room and as many arrived as were made: but for
 * {@link #UNDER_WAY} of each stream, which may be under way at either end of the window, or 1 %.
 * More is a front that catches up, less one that falls behind.
 */
final class Pace {
  /** Ticks by which the ends of a window may differ between a replica and its clients. */
  private static final int UNDER_WAY = 2;

  private static final double TOLERANCE = 0.01;

  private final List<StampedReplica> replicas;
  private final int streams;
  private long made;
  private long lost;

  Pace(List<StampedReplica> replicas, int streams) {
    this.replicas = List.copyOf(replicas);
    this.streams = streams;
    restart();
  }

  /** Begins a window. */
  void restart() {
    made = replicas.stream().mapToLong(StampedReplica::made).sum();
    lost = replicas.stream().mapToLong(StampedReplica::lost).sum();
  }

  /**
   * Ends a window and begins the next.
   *
   * @param received events that the clients received in it
   */
  boolean keptUp(long received) {
    long madeBefore = made;
    long lostBefore = lost;
    restart();
    return keepsUp(made - madeBefore, lost - lostBefore, received, streams);
  }

  /** Whether so many events received are those that were made, in one window. */
  static boolean keepsUp(long made, long lost, long received, int streams) {
    double most = Math.max((double) UNDER_WAY * streams, TOLERANCE * made);
    return lost == 0 && Math.abs(made - received) <= most;
  }
}
