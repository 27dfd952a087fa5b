package dev.freshet.server;

import dev.freshet.engine.GenerationRequest;
import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.server.session.Session;
import dev.freshet.wire.AbortRequest;
import dev.freshet.wire.SessionSampling;
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
  private final Optional<SessionSampling> sampling;
  private final Map<String, SessionCall> calls = new HashMap<>();
  private long retained;
  private int sampledChoices;
  private boolean ended;

  /**
   * @param sampling how its calls are sampled, if whoever began it said so
   */
  LiveSession(Session session, Optional<SessionSampling> sampling) {
    this.session = session;
    this.sampling = sampling;
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

  /**
   * The choices of a further call as this session samples them. A grammar is refused: what it
   * excludes would change the distribution, of which whoever began the session does not know.
   */
  synchronized List<GenerationRequest> sampled(List<GenerationRequest> choices) {
    if (sampling.isEmpty()) {
      return choices;
    }
    List<GenerationRequest> own = new ArrayList<>();
    for (GenerationRequest choice : choices) {
      if (choice.constraint().isPresent()) {
        throw new ApiException(
            ApiError.invalid(
                "unsupported_parameter",
                "session %s: expected a call without structured output or a required tool, because the session has a sampling of its own"
                    .formatted(session.name())));
      }
      own.add(choice.sampled(sampling.get(), sampledChoices++));
    }
    return own;
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
