package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.Exchange;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * The share of a listener's connections on which requests of one kind may wait for their answers,
 * so that the others stay free. A connection is counted until it is answered or closed.
 * Thread-safe.
 */
final class AnswerShare {
  private final String what;
  private final int most;
  private final AtomicInteger waiting = new AtomicInteger();

  /**
   * @param what the requests, as an error names them
   */
  AnswerShare(String what, int most) {
    this.what = what;
    this.most = most;
  }

  /** Ends the share of one connection, once. */
  private final class Place implements Exchange.Watcher {
    private final AtomicBoolean taken = new AtomicBoolean(true);

    @Override
    public void disconnected() {
      if (taken.getAndSet(false)) {
        waiting.decrementAndGet();
      }
    }

    @Override
    public void writable() {}
  }

  /**
   * Starts work whose result {@code exchange} waits for. Called on its event loop.
   *
   * @throws ApiException 503 if as many wait already as may
   */
  <T> CompletableFuture<T> await(Exchange exchange, Supplier<CompletableFuture<T>> work) {
    if (waiting.incrementAndGet() > most) {
      waiting.decrementAndGet();
      throw new ApiException(
          ApiError.unavailable(
              "overloaded",
              "%d %s wait for their answers already; retry later".formatted(most, what)));
    }
    Place place = new Place();
    try {
      CompletableFuture<T> result = work.get();
      exchange.watch(place);
      return result.whenComplete((_, _) -> place.disconnected());
    } catch (RuntimeException e) {
      place.disconnected();
      throw e;
    }
  }
}
