package dev.freshet.fleet;

import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.Calls;
import dev.freshet.trace.EventLog;
import dev.freshet.wire.AdminToken;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One inference server of the fleet: its state, its rollouts, and its admin lane.
 *
 * <p>While it is in the routing table it receives no rollouts while it backs off after a failed
 * completion: 100 ms, doubled by each further failure up to 10 s, until a completion succeeds. The
 * fleet's lock guards this state.
 */
public final class Replica {
  private static final long FIRST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long MAX_BACKOFF_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final ServerAddress address;
  private final ReplicaAdmin admin;
  private final Dialect dialect;
  private final ReplicaLife life = new ReplicaLife(ReplicaState.SERVING);
  private final Calls calls = new Calls();
  private int rollouts;

  /** The length of the newest backoff; 0 if no completion failed since the last success. */
  private long backoffNanos;

  private long backoffEndNanos;

  Replica(
      ServerAddress address,
      Dialect dialect,
      AdminDeadlines deadlines,
      Optional<AdminToken> token,
      EventLog events) {
    this.address = address;
    this.dialect = dialect;
    this.admin = new ReplicaAdmin(address.admin(), dialect, deadlines, token, events);
  }

  public ServerAddress address() {
    return address;
  }

  /** The completions that it streams. */
  public Calls calls() {
    return calls;
  }

  /** The root of its admin listener, as logs and metrics name it. */
  String adminUrl() {
    return address.admin().toString();
  }

  ReplicaAdmin admin() {
    return admin;
  }

  /** The number of rollouts that it runs now. */
  int rollouts() {
    return rollouts;
  }

  ReplicaLife life() {
    return life;
  }

  /** Whether it may receive new requests. */
  boolean routable() {
    return life.state() == ReplicaState.SERVING;
  }

  ReplicaStatus status() {
    return new ReplicaStatus(
        adminUrl(),
        dialect.name(),
        life.state(),
        life.version(),
        life.incarnation(),
        rollouts,
        life.why());
  }

  RoutingTable.Route route() {
    return new RoutingTable.Route(
        address, dialect.name(), life.version(), life.incarnation(), life.model());
  }

  boolean backsOff(long nowNanos) {
    return backoffNanos > 0 && backoffEndNanos - nowNanos > 0;
  }

  void rolloutStarted() {
    rollouts++;
  }

  void rolloutEnded() {
    rollouts--;
  }

  /** A rollout succeeded, which ends any backoff. */
  void succeeded() {
    backoffNanos = 0;
  }

  /** A completion failed. Failures while it backs off count as one with the first. */
  void failed(long nowNanos) {
    if (!backsOff(nowNanos)) {
      backoffNanos =
          backoffNanos == 0 ? FIRST_BACKOFF_NANOS : Math.min(2 * backoffNanos, MAX_BACKOFF_NANOS);
      backoffEndNanos = nowNanos + backoffNanos;
    }
  }

  @Override
  public String toString() {
    return address.data().toString();
  }
}
