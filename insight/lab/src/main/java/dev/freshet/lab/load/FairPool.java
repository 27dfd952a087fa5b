package dev.freshet.lab.load;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The connection pool that HTTP clients of the field keep for a server: of bounded size, first come
 * first served. Who has a connection keeps it until a response has ended, which for a stream is
 * long; who finds none free waits behind all who asked before.
 *
 * <p>It is a model: it hands out the right to a connection, not the connection, so that streams and
 * admin calls are made by the same code whichever way they go. Thread-safe.
 */
public final class FairPool {
  private final ArrayDeque<CompletableFuture<Lease>> waiting = new ArrayDeque<>();
  private int free;

  /**
   * @param size how many may have a connection at once, at least 1
   */
  public FairPool(int size) {
    if (size < 1) {
      throw new IllegalArgumentException("pool of %d: expected at least 1".formatted(size));
    }
    this.free = size;
  }

  /** The right to one of the pool's connections, until it is closed. */
  public final class Lease implements AutoCloseable {
    private boolean returned;

    private Lease() {}

    /** Hands the connection to whoever has waited longest. Again it does nothing. */
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
   * Asks for a connection. The future is completed by the thread that makes one free; a future that
   * is cancelled gives up its turn.
   */
  public CompletableFuture<Lease> ask() {
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

  /** The next in turn; with none, the connection becomes free. */
  private synchronized Optional<CompletableFuture<Lease>> next() {
    Optional<CompletableFuture<Lease>> next = Optional.ofNullable(waiting.poll());
    if (next.isEmpty()) {
      free++;
    }
    return next;
  }

  /** How many wait for their turn. */
  synchronized int waiting() {
    return waiting.size();
  }
}
