package dev.freshet.http;

import io.netty.channel.Channel;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The connections above a listener's limit. Each gets one answer: to a probe, so that a server that
 * works at its limit is not taken for dead, or 503. There are at most {@value #MAX} of them, which
 * bounds their file descriptors: a further one closes the oldest. Thread-safe.
 */
final class OverLimit {
  private static final int MAX = 64;

  /** How long such a connection may take to ask. */
  private static final Duration REQUEST = Duration.ofSeconds(2);

  private final Set<Channel> open = new LinkedHashSet<>();

  /** The limits of such connections, from those of the others. */
  static HttpLimits limits(HttpLimits of) {
    return new HttpLimits(of.maxBodyBytes(), of.maxAllBodyBytes(), REQUEST, REQUEST);
  }

  /** Takes {@code fresh}, for which the oldest may be closed. */
  synchronized void add(Channel fresh) {
    if (open.size() >= MAX) {
      Channel oldest = open.iterator().next();
      open.remove(oldest); // Before it is closed, which may call this object back at once.
      Transport.close(oldest);
    }
    open.add(fresh);
    var _ = fresh.closeFuture().addListener(_ -> remove(fresh));
  }

  private synchronized void remove(Channel closed) {
    open.remove(closed);
  }
}
