package dev.freshet.client;

import java.util.concurrent.CompletableFuture;

/** A running streaming completion. */
public interface Call {
  /**
   * The completion, or a {@link StreamException}. It completes on an event loop of the client,
   * which dependent stages must not block; use the {@code …Async} methods.
   */
  CompletableFuture<Completion> result();

  /** The number of tokens received so far. */
  int tokens();

  /** The tokens received so far, from position {@code from} on. */
  default Received received(int from) {
    return Received.NOTHING;
  }

  /**
   * Closes the connection, on which the server stops generating; the result fails as {@link
   * StreamException.Kind#CANCELLED}. No effect on a call that has ended.
   */
  void cancel();
}
