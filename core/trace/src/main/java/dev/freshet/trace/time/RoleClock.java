package dev.freshet.trace.time;

import dev.freshet.trace.MonotonicClock;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/**
 * Accounts for all time of a role: at every moment the role is in exactly one {@link RoleState}, so
 * the times of the states sum to the wall time, whatever runs concurrently. Activities begin and
 * end on any thread, several at a time; the role's state is the one of the highest rank that is in
 * progress, and a state for the rest if none is. Counting never blocks. Thread-safe.
 */
public final class RoleClock {
  private final MonotonicClock clock;
  private final List<RoleState> ranks;
  private final RoleState rest;
  private final AtomicReference<Account> account;

  /** Immutable; an array is indexed by rank, with the rest in the last place of {@code nanos}. */
  private static final class Account {
    private final long[] nanos;
    private final long[] openNanos;
    private final int[] open;
    private final int state;
    private final long sinceNanos;

    Account(long[] nanos, long[] openNanos, int[] open, int state, long sinceNanos) {
      this.nanos = nanos;
      this.openNanos = openNanos;
      this.open = open;
      this.state = state;
      this.sinceNanos = sinceNanos;
    }

    /** The account at {@code now}, with {@code change} more activities of a rank. */
    Account at(long now, int rank, int change) {
      long[] time = nanos.clone();
      time[state] += now - sinceNanos;
      long[] openTime = openNanos.clone();
      for (int i = 0; i < open.length; i++) {
        openTime[i] += open[i] * (now - sinceNanos);
      }
      int[] activities = open.clone();
      activities[rank] += change;
      int highest = 0;
      while (highest < activities.length && activities[highest] == 0) {
        highest++;
      }
      return new Account(time, openTime, activities, highest, now);
    }
  }

  /** An activity in progress until it is closed. */
  public final class Activity implements AutoCloseable {
    private final int rank;
    private boolean ended;

    private Activity(int rank) {
      this.rank = rank;
    }

    /** Ends the activity. Idempotent; called by one thread. */
    @Override
    public void close() {
      if (!ended) {
        ended = true;
        change(rank, -1);
      }
    }
  }

  /**
   * A clock that starts now.
   *
   * @param ranks the states that activities have, at least one, the highest rank first
   * @param rest the state without an activity
   */
  public RoleClock(MonotonicClock clock, List<RoleState> ranks, RoleState rest) {
    this.clock = clock;
    this.ranks = List.copyOf(ranks);
    this.rest = rest;
    int n = ranks.size();
    this.account =
        new AtomicReference<>(
            new Account(new long[n + 1], new long[n], new int[n], n, clock.nanos()));
  }

  /** Begins an activity. */
  public Activity begin(RoleState state) {
    int rank = rank(state);
    change(rank, 1);
    return new Activity(rank);
  }

  /** Whether this activity is in progress, of which there is at most one at a time. */
  public void set(RoleState state, boolean inProgress) {
    int rank = rank(state);
    if (Objects.requireNonNull(account.get()).open[rank] > 0 != inProgress) {
      var _ =
          account.updateAndGet(
              before ->
                  before.open[rank] > 0 == inProgress
                      ? before
                      : before.at(clock.nanos(), rank, inProgress ? 1 : -1));
    }
  }

  private int rank(RoleState state) {
    int rank = ranks.indexOf(state);
    if (rank < 0) {
      throw new IllegalArgumentException(
          "the role is never %s: expected one of %s".formatted(state, ranks));
    }
    return rank;
  }

  private void change(int rank, int change) {
    // The clock is read after the account, so that its time never goes back.
    var _ = account.updateAndGet(before -> before.at(clock.nanos(), rank, change));
  }

  /** The time so far. */
  public RoleTime reading() {
    Account now = Objects.requireNonNull(account.get()).at(clock.nanos(), 0, 0);
    Map<RoleState, Long> nanos = new EnumMap<>(RoleState.class);
    Map<RoleState, Long> openNanos = new EnumMap<>(RoleState.class);
    for (int i = 0; i < ranks.size(); i++) {
      nanos.put(ranks.get(i), now.nanos[i]);
      openNanos.put(ranks.get(i), now.openNanos[i]);
    }
    nanos.merge(rest, now.nanos[ranks.size()], Long::sum);
    return new RoleTime(nanos, openNanos);
  }

  /** The states that the role can be in. */
  public List<RoleState> states() {
    return Stream.concat(ranks.stream(), Stream.of(rest)).toList();
  }

  /** The time so far in a state, in seconds. */
  public double seconds(RoleState state) {
    return reading().nanos(state) / 1e9;
  }
}
