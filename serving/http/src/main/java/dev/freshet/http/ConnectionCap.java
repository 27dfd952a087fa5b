package dev.freshet.http;

import io.netty.channel.Channel;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** How many connections a listener has at most, and which one gives way to a further one. */
public sealed interface ConnectionCap {
  /** Whether a fresh connection may stay; another may have been closed for it. On its loop. */
  boolean admit(Channel fresh);

  /** The connection has been used. On its loop. */
  void used(Channel connection);

  /** The newest gives way, so that those that stream are never touched. Thread-safe. */
  final class RefuseNewest implements ConnectionCap {
    private final int most;
    private final AtomicInteger open = new AtomicInteger();

    public RefuseNewest(int most) {
      this.most = most;
    }

    @Override
    public boolean admit(Channel fresh) {
      if (open.incrementAndGet() > most) {
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
   * The one that has been without a request longest gives way, so that connections left open cannot
   * keep an update out. A connection whose request is being answered never does. For a listener of
   * one loop, on it.
   */
  final class CloseIdlest implements ConnectionCap {
    private final int most;

    /** From the one whose last use is longest ago. */
    private final Set<Channel> open = new LinkedHashSet<>();

    public CloseIdlest(int most) {
      this.most = most;
    }

    @Override
    public boolean admit(Channel fresh) {
      if (open.size() >= most) {
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
