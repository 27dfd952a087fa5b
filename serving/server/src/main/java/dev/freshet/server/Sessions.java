package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.server.session.Session;
import dev.freshet.server.session.SessionLimits;
import dev.freshet.server.session.SessionName;
import dev.freshet.server.session.SessionSummary;
import dev.freshet.server.session.Turn;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.SessionSampling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The sessions of a server, by name. A session begins with its first call. It ends when its client
 * ends it, when it had no call for too long, or when the limits require its place and it has no
 * running call. The capture of one that ended with a reward stays until it is deleted or another of
 * its name begins. Thread-safe.
 */
final class Sessions implements AutoCloseable {
  /** How long closing waits for running calls to be captured. */
  private static final long CLOSE_SECONDS = 10;

  private final Tokenizer tokenizer;
  private final SessionLimits limits;
  private final SessionFiles files;
  private final SessionMetrics metrics;
  private final MonotonicClock clock;

  /** The sessions, the one used least recently first, with when that was. */
  private final Map<SessionName, Place> byName = new LinkedHashMap<>(16, 0.75f, true);

  private final RewardedSessions rewarded;
  private boolean closed;

  private static final class Place {
    private final LiveSession session;
    private long usedNanos;

    Place(LiveSession session) {
      this.session = session;
    }
  }

  Sessions(
      Tokenizer tokenizer,
      SessionLimits limits,
      SessionFiles files,
      SessionMetrics metrics,
      MonotonicClock clock) {
    this.tokenizer = tokenizer;
    this.limits = limits;
    this.files = files;
    this.metrics = metrics;
    this.clock = clock;
    this.rewarded = new RewardedSessions(limits, clock);
    metrics.open(this::count);
  }

  private synchronized int count() {
    return byName.size();
  }

  /**
   * The session for a further call; it begins if there is none of this name.
   *
   * @throws ApiException 503 if the limits have no place for it, 400 if it has too many turns
   */
  synchronized LiveSession use(SessionName name) {
    if (closed) {
      throw new ApiException(ApiError.shuttingDown());
    }
    endIdle();
    Place place = byName.get(name);
    makeRoom(name, place == null ? 1 : 0);
    if (place == null) {
      place = open(name, Optional.empty());
    }
    place.usedNanos = clock.nanos();
    if (place.session.session().summary().turns() >= limits.maxTurns()) {
      throw new ApiException(
          ApiError.invalid(
              "session_full",
              "session %s: has %d turns, the most that a session may have; end it"
                  .formatted(name, limits.maxTurns())));
    }
    return place.session;
  }

  /**
   * Begins a session whose calls are sampled in one way, whatever they ask for.
   *
   * @throws ApiException 409 if a session of the name is open, 503 if the limits have no place
   */
  synchronized void begin(SessionName name, SessionSampling sampling) {
    if (closed) {
      throw new ApiException(ApiError.shuttingDown());
    }
    endIdle();
    if (byName.containsKey(name)) {
      throw new ApiException(
          ApiError.conflict(
              "session %s: open already, expected a new one; delete it first".formatted(name)));
    }
    makeRoom(name, 1);
    var _ = open(name, Optional.of(sampling));
  }

  private Place open(SessionName name, Optional<SessionSampling> sampling) {
    Place place = new Place(new LiveSession(new Session(name, tokenizer), sampling));
    place.usedNanos = clock.nanos();
    byName.put(name, place);
    var _ = rewarded.remove(name);
    files.begin(name);
    return place;
  }

  private void endIdle() {
    long now = clock.nanos();
    for (Place place : List.copyOf(byName.values())) {
      if (now - place.usedNanos < limits.idle().toNanos()) {
        return;
      }
      if (!place.session.isBusy()) {
        remove(place, SessionEnd.IDLE);
      }
    }
  }

  /**
   * Ends sessions for a call of {@code name} until the limits are kept.
   *
   * @param places how many sessions it begins
   */
  private void makeRoom(SessionName name, int places) {
    long bytes = bytes();
    rewarded.trim(Math.max(0, limits.maxBytes() - bytes));
    for (Place place : List.copyOf(byName.values())) {
      if (byName.size() + places <= limits.maxSessions() && bytes <= limits.maxBytes()) {
        return;
      }
      if (!place.session.isBusy() && !place.session.session().name().equals(name)) {
        bytes -= place.session.bytes();
        remove(place, SessionEnd.EVICTED);
      }
    }
    if (byName.size() + places > limits.maxSessions() || bytes > limits.maxBytes()) {
      throw new ApiException(
          ApiError.unavailable(
              "overloaded",
              "session %s: %d sessions with %d bytes cannot end now, at most %d with %d may be; retry later"
                  .formatted(name, byName.size(), bytes, limits.maxSessions(), limits.maxBytes())));
    }
  }

  private long bytes() {
    return byName.values().stream().mapToLong(place -> place.session.bytes()).sum();
  }

  private void remove(Place place, SessionEnd how) {
    Session session = place.session.session();
    byName.remove(session.name());
    metrics.ended(how);
    files.end(session.name(), session.summary(), how, OptionalDouble.empty());
    var _ = place.session.end();
  }

  /**
   * A session that is open or rewarded.
   *
   * @param reward empty if it is open
   */
  record Found(Session session, OptionalDouble reward) {
    private static Found of(RewardedSessions.Rewarded ended) {
      return new Found(ended.session(), OptionalDouble.of(ended.reward()));
    }
  }

  /**
   * The session of a name.
   *
   * @throws ApiException 404 if there is none
   */
  synchronized Found require(SessionName name) {
    endIdle();
    Optional<Found> ended =
        byName.containsKey(name) ? Optional.empty() : rewarded.find(name).map(Found::of);
    return ended.orElseGet(() -> new Found(find(name).session.session(), OptionalDouble.empty()));
  }

  /**
   * Forgets a session that ended with a reward, unless one of its name is open.
   *
   * @return the session; empty if there is none
   */
  synchronized Optional<Found> forget(SessionName name) {
    return byName.containsKey(name) ? Optional.empty() : rewarded.remove(name).map(Found::of);
  }

  private Place find(SessionName name) {
    Place place = byName.get(name);
    if (place == null) {
      throw new ApiException(
          ApiError.notFound(
              "no_such_session",
              "session %s: no such session; it begins with its first call, and ends when it is"
                      .formatted(name)
                  + " deleted, rewarded and forgotten, or idle for %d s"
                      .formatted(limits.idle().toSeconds())));
    }
    return place;
  }

  /**
   * Ends a session, with a reward if its client gave one. Its running calls end with the tokens so
   * far.
   *
   * @return what it has captured
   * @throws ApiException 404 if there is none of this name
   */
  CompletableFuture<SessionSummary> end(SessionName name, OptionalDouble reward) {
    LiveSession session;
    synchronized (this) {
      endIdle();
      session = find(name).session;
      byName.remove(name);
    }
    return session
        .end()
        .thenApply(
            _ -> {
              SessionEnd how = reward.isPresent() ? SessionEnd.REWARDED : SessionEnd.DELETED;
              metrics.ended(how);
              SessionSummary summary = session.session().summary();
              files.end(name, summary, how, reward);
              reward.ifPresent(value -> keep(session.session(), value));
              return summary;
            });
  }

  private synchronized void keep(Session session, double reward) {
    if (!closed && !byName.containsKey(session.name())) {
      rewarded.add(session, reward);
    }
  }

  /** Records a turn that was added to a session. */
  void captured(SessionName name, Turn turn) {
    synchronized (this) {
      Place place = byName.get(name);
      if (place != null) {
        place.usedNanos = clock.nanos();
      }
    }
    metrics.turn(turn.prefix());
    files.turn(name, turn);
  }

  /** Ends the running calls that {@code request} names. */
  void abort(AbortRequest request) {
    List<LiveSession> all = new ArrayList<>();
    synchronized (this) {
      byName.values().forEach(place -> all.add(place.session));
    }
    all.forEach(session -> session.abort(request));
  }

  SessionMetrics metrics() {
    return metrics;
  }

  /** Ends all sessions and writes what their files miss. */
  @Override
  public void close() {
    List<Place> places;
    synchronized (this) {
      closed = true;
      places = List.copyOf(byName.values());
    }
    var _ =
        CompletableFuture.allOf(
                places.stream().map(place -> place.session.end()).toArray(CompletableFuture[]::new))
            .completeOnTimeout(null, CLOSE_SECONDS, TimeUnit.SECONDS)
            .join();
    synchronized (this) {
      places.forEach(place -> remove(place, SessionEnd.CLOSED));
    }
    files.close();
  }
}
