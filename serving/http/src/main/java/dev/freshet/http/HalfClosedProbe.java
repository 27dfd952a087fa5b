package dev.freshet.http;

import io.netty.channel.Channel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Finds out whether a client that has shut down its sending side still waits for its answer. TCP
 * tells a client that is gone from one that listens only when it is sent something, and Netty does
 * not report a reset after the end of the input. So the probe sends what clients ignore, then asks
 * the kernel for the state of the connection: in an event stream a comment; before an answer the
 * interim response {@code 100 Continue}, but not in the first seconds, because not every tool skips
 * it. A client of HTTP/1.0 that gets no stream is left to TCP's keep-alive. The time from one probe
 * to the next doubles. Confined to the connection's event loop.
 */
final class HalfClosedProbe {
  private static final Duration FIRST = Duration.ofMillis(250);
  private static final Duration LONGEST = Duration.ofSeconds(16);

  /** From this time between probes on, a client that was not answered is probed too. */
  private static final Duration INTERIM = Duration.ofSeconds(4);

  /** How long a peer's reset may take. */
  private static final Duration RESET = Duration.ofMillis(250);

  private final Channel channel;
  private Duration wait = FIRST;
  private Optional<Future<?>> pending = Optional.empty();

  HalfClosedProbe(Channel channel) {
    this.channel = channel;
  }

  /** Watches over the answer of {@code next} until it is given or the client is gone. */
  void watch(Exchange next) {
    end();
    wait = FIRST;
    schedule(next);
  }

  /** The answer is given, or the connection is closed. */
  void end() {
    pending.ifPresent(timer -> timer.cancel(false));
    pending = Optional.empty();
  }

  private void schedule(Exchange exchange) {
    pending =
        Optional.of(
            channel
                .eventLoop()
                .schedule(() -> probe(exchange), wait.toNanos(), TimeUnit.NANOSECONDS));
  }

  private void probe(Exchange exchange) {
    if (!channel.isActive()) {
      return;
    }
    exchange.probe(wait.compareTo(INTERIM) >= 0);
    var _ = channel.eventLoop().schedule(this::check, RESET.toNanos(), TimeUnit.NANOSECONDS);
    wait = wait.compareTo(LONGEST) < 0 ? wait.multipliedBy(2) : LONGEST;
    schedule(exchange);
  }

  private void check() {
    if (channel.isActive() && Transport.isReset(channel)) {
      Transport.close(channel);
    }
  }
}
