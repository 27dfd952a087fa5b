package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.fleet.dialect.AdminCalls;
import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Serving;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.UpdateWeightsRequest;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Updates of one server that belongs to no fleet: as one call if its program has one, otherwise
 * phase by phase. Used by one thread.
 */
public final class OneServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(OneServer.class);
  private static final Duration FIRST_BACKOFF = Duration.ofMillis(250);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(2);

  private final Replica server;

  /**
   * @param admin the root of the server's admin listener
   */
  public OneServer(
      URI admin, Dialect dialect, Duration within, Optional<AdminToken> token, EventLog events) {
    this(new ReplicaSpec(new ServerAddress(admin, admin), dialect), within, token, events);
  }

  OneServer(ReplicaSpec spec, Duration within, Optional<AdminToken> token, EventLog events) {
    this.server = new Replica(spec, PhaseDeadlines.all(within).ofCalls(), token, events);
  }

  /** The client, for calls that every program answers alike. */
  public AdminClient client() {
    return server.client();
  }

  /** The policy version that the server generates with; empty if it does not report a number. */
  public OptionalLong servingVersion() {
    Serving serving = server.dialect().ask(server.client(), 0);
    return serving.version().stream().mapToLong(v -> v).findFirst();
  }

  /**
   * Inspects the checkpoint of an update, unless the program verifies it before it changes.
   *
   * @return what was found, in a line
   * @throws FleetException naming the file or tensor, what was found and what was expected
   */
  public Optional<String> inspect(UpdateWeightsRequest request) {
    return server.dialect().capabilities().prepares()
        ? Optional.empty()
        : new CheckpointGate(List.of(server))
            .inspect(Target.of(request))
            .map(CheckpointInspection::toString);
  }

  /**
   * Updates once.
   *
   * @throws AdminException if the call failed, of a program that is updated by one
   * @throws FleetException if a phase failed; the message says who must act if it is left paused
   */
  public AdminResult update(UpdateWeightsRequest request, TraceId trace, Duration within) {
    AdminCalls calls = new AdminCalls(server.client(), trace).within(within);
    return atOnce(calls, request).orElseGet(() -> phases(Target.of(request), trace, within));
  }

  private Optional<AdminResult> atOnce(AdminCalls calls, UpdateWeightsRequest request) {
    try {
      return server.dialect().atOnce(calls, seen(request));
    } catch (AdminException e) {
      throw server.named(e, request.weightDir());
    }
  }

  private UpdateWeightsRequest seen(UpdateWeightsRequest request) {
    return new UpdateWeightsRequest(
        request.weightDir().map(server::seen),
        request.step(),
        request.mode(),
        request.phase(),
        request.verify(),
        request.force());
  }

  /**
   * Updates, and again while the server cannot be reached and time is left.
   *
   * @throws FleetException if the update failed
   */
  AdminResult updateOnceReached(UpdateWeightsRequest request, TraceId trace, Duration within)
      throws InterruptedException {
    long end = client().clock().nanos() + within.toNanos();
    Duration backoff = FIRST_BACKOFF;
    while (true) {
      Duration left = Duration.ofNanos(end - client().clock().nanos());
      try {
        return update(request, trace, left);
      } catch (AdminException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException(e.getMessage());
        }
        boolean late = left.compareTo(backoff) <= 0 || e.code().equals("shut_down");
        if (!e.neverHandled() || late) {
          throw e;
        }
        LOG.warn("retrying update {} in {} ms: {}", trace, backoff.toMillis(), e.getMessage());
        Thread.sleep(backoff);
      }
      Duration doubled = backoff.multipliedBy(2);
      backoff = doubled.compareTo(MAX_BACKOFF) < 0 ? doubled : MAX_BACKOFF;
    }
  }

  private AdminResult phases(Target target, TraceId trace, Duration within) {
    server.dialect().check(target);
    long start = client().clock().nanos();
    ReplicaUpdate update = new ReplicaUpdate(server, target, PhaseDeadlines.all(within), trace);
    Step step = update.prepare();
    step = step.done() ? update.pause() : step;
    step = step.done() ? update.apply() : step;
    boolean whole = !update.loading() || step.done() || step instanceof Step.Refused;
    if (update.paused() && whole) {
      Step resumed = update.resume();
      step = step.done() ? resumed : step;
    }
    if (!step.done()) {
      throw failed(update, step);
    }
    ReplicaResult result = update.result();
    AdminTimings timings =
        new AdminTimings(
            trace,
            "update_weights",
            server.url(),
            result.parts().with(UpdatePart.WALL, client().clock().millisSince(start)));
    return new AdminResult(
        timings, Long.toString(target.version()), Optional.empty(), result.notes());
  }

  private static RuntimeException failed(ReplicaUpdate update, Step step) {
    String paused = update.paused() ? SetAside.STAYS_PAUSED : "";
    Optional<AdminException> error = update.error();
    return error.isPresent() ? error.get().with(paused) : new FleetException(step.why() + paused);
  }

  @Override
  public void close() {
    server.close();
  }
}
