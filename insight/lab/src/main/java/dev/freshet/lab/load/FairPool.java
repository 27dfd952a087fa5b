package dev.freshet.lab.load;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A model of an HTTP client's connection pool: bounded and first come, first served. A request
 * holds its connection until its response has ended, which takes long for a stream. A request that
 * finds no free connection waits behind all earlier ones.
 *
 * <p>The pool grants leases, not connections, so that streams and admin calls run the same code
 * with and without a shared pool. Thread-safe.
 */
public final class FairPool {
  private final ArrayDeque<CompletableFuture<Lease>> waiting = new ArrayDeque<>();
  private int free;

  /**
   * @param size maximum number of leases at a time, at least 1
   */
  public FairPool(int size) {
    if (size < 1) {
      throw new IllegalArgumentException("pool size %d: expected at least 1".formatted(size));
    }
    this.free = size;
  }

  /** The right to use one connection until the lease is closed. */
  public final class Lease implements AutoCloseable {
    private boolean returned;

    private Lease() {}

    /** Hands the connection to the request that has waited longest. Idempotent. */
    @Override
    public void close() {
      synchronized (this) {
        if (returned) {
          return;
        }
        returned = true;
      }
      handOn();
    }
  }

  /**
   * Requests a lease. The thread that frees a connection completes the future; a cancelled future
   * loses its turn.
   */
  public CompletableFuture<Lease> request() {
    CompletableFuture<Lease> turn = new CompletableFuture<>();
    synchronized (this) {
      if (free == 0) {
        waiting.add(turn);
        return turn;
      }
      free--;
    }
    turn.complete(new Lease());
    return turn;
  }

  private void handOn() {
    while (true) {
      Optional<CompletableFuture<Lease>> next = next();
      if (next.isEmpty() || next.get().complete(new Lease())) {
        return;
      }
    }
  }

  /** The next waiting request; without one the connection becomes free. */
  private synchronized Optional<CompletableFuture<Lease>> next() {
    Optional<CompletableFuture<Lease>> next = Optional.ofNullable(waiting.poll());
    if (next.isEmpty()) {
      free++;
    }
    return next;
  }

  /** The number of waiting requests. */
  synchronized int waiting() {
    return waiting.size();
  }
}
