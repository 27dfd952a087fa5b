package dev.freshet.http;

import io.netty.channel.Channel;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** Limits a listener's connections and decides which one is closed when one more arrives. */
public sealed interface ConnectionCap {
  /**
   * Whether {@code fresh} is within the limit; another connection may be closed for it. Called on
   * its event loop.
   */
  boolean admit(Channel fresh);

  /** Records that a request arrived or was answered. Called on the connection's event loop. */
  void used(Channel connection);

  /** Admits no new connections at the limit; established ones are never closed. Thread-safe. */
  final class RefuseNewest implements ConnectionCap {
    private final int max;
    private final AtomicInteger open = new AtomicInteger();

    public RefuseNewest(int max) {
      this.max = max;
    }

    @Override
    public boolean admit(Channel fresh) {
      if (open.incrementAndGet() > max) {
        open.decrementAndGet();
        return false;
      }
      var _ = fresh.closeFuture().addListener(_ -> open.decrementAndGet());
      return true;
    }

    @Override
    public void used(Channel connection) {}
  }

  /**
   * Closes the connection that has been idle longest, so that connections left open cannot block a
   * new one. A connection whose request is being answered is never closed; if all are, the new one
   * is not admitted. For a listener with one event loop; confined to it.
   */
  final class CloseIdlest implements ConnectionCap {
    private final int max;

    /** Least recently used first. */
    private final Set<Channel> open = new LinkedHashSet<>();

    public CloseIdlest(int max) {
      this.max = max;
    }

    @Override
    public boolean admit(Channel fresh) {
      if (open.size() >= max) {
        Optional<Channel> idlest = open.stream().filter(HttpConnection::isIdle).findFirst();
        if (idlest.isEmpty()) {
          return false;
        }
        open.remove(idlest.get());
        var _ = idlest.get().close();
      }
      open.add(fresh);
      var _ = fresh.closeFuture().addListener(_ -> open.remove(fresh));
      return true;
    }

    @Override
    public void used(Channel connection) {
      if (open.remove(connection)) {
        open.add(connection);
      }
    }
  }
}
