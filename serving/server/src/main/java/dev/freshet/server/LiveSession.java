package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.server.session.Session;
import dev.freshet.wire.AbortRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A session and its calls: those that run, and those that have ended and are answered again from
 * the capture. Thread-safe.
 */
final class LiveSession {
  private final Session session;
  private final Map<String, SessionCall> calls = new HashMap<>();
  private long retained;
  private boolean ended;

  LiveSession(Session session) {
    this.session = session;
  }

  Session session() {
    return session;
  }

  /** The call with this identity. */
  synchronized Optional<SessionCall> find(String identity) {
    return Optional.ofNullable(calls.get(identity));
  }

  /**
   * The call with this identity; {@code start} submits it if there is none.
   *
   * @throws ApiException 409 if the session has ended
   */
  synchronized SessionCall callOr(String identity, Supplier<SessionCall> start) {
    SessionCall call = calls.get(identity);
    if (call == null) {
      if (ended) {
        throw new ApiException(
            ApiError.conflict(
                "session %s: ended while the request was read; a further request begins it anew"
                    .formatted(session.name())));
      }
      call = start.get();
      calls.put(identity, call);
    }
    return call;
  }

  /** Forgets a call, so that it is sampled when a client asks again. */
  synchronized void forget(SessionCall call) {
    calls.values().remove(call);
  }

  /** Counts bytes that a call keeps beside its turns. */
  synchronized void retain(long bytes) {
    retained += bytes;
  }

  /** About the bytes that its turns and calls occupy. */
  long bytes() {
    long beside;
    synchronized (this) {
      beside = retained;
    }
    return session.bytes() + beside;
  }

  /** Whether a call runs. */
  synchronized boolean isBusy() {
    return calls.values().stream().anyMatch(call -> !call.ended().isDone());
  }

  /** Ends the running calls that {@code request} names. */
  synchronized void abort(AbortRequest request) {
    for (SessionCall call : calls.values()) {
      if (!call.ended().isDone() && request.requestIds().map(call::isAmong).orElse(true)) {
        var _ = call.abort();
      }
    }
  }

  /** Refuses further calls and ends those that run; completes when they are captured. */
  synchronized CompletableFuture<Void> end() {
    ended = true;
    List<CompletableFuture<Void>> running = new ArrayList<>();
    for (SessionCall call : calls.values()) {
      if (!call.ended().isDone()) {
        running.add(call.abort());
      }
    }
    return CompletableFuture.allOf(running.toArray(CompletableFuture[]::new));
  }
}
