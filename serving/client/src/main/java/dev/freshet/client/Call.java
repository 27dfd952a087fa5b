package dev.freshet.client;

import java.util.concurrent.CompletableFuture;

/** A streaming completion under way. */
public interface Call {
  /**
   * The completion, or a {@link StreamException}. It completes on an event loop of the client: what
   * depends on it must not block there ({@code …Async} does not).
   */
  CompletableFuture<Completion> result();

  /** The tokens received so far. */
  int tokens();

  /**
   * Closes the connection at once, by which the server ends the generation; the result fails as
   * {@link StreamException.Kind#CANCELLED}. Without effect on a call that has ended.
   */
  void cancel();
}
