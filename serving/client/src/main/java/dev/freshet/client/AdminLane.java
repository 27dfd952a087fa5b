package dev.freshet.client;

import dev.freshet.http.ClientTls;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.ErrorBody;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The admin lane to one server: one connection at a time, for callers in their order of arrival. A
 * call resolves the server's name and tries its addresses in turn until one accepts the connection.
 * The calling thread does all of it; every wait has a deadline. Thread-safe.
 */
final class AdminLane implements AutoCloseable {
  private static final String CLOSED = "the admin client is closed";

  private final Origin origin;
  private final AdminDeadlines deadlines;
  private final EventLog events;
  private final MonotonicClock clock;
  private final HostNames hostNames;
  private final Optional<ClientTls> tls;
  private final ReentrantLock lane = new ReentrantLock(true);
  private volatile boolean closed;
  private volatile Optional<AdminExchange> current = Optional.empty();
  private volatile Optional<HostNames.Lookup> lookup = Optional.empty();

  /** The lane, held by the thread that closes this; calls of other threads wait. */
  interface Held extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * @param tls of a secure server
   */
  AdminLane(
      Origin origin,
      AdminDeadlines deadlines,
      EventLog events,
      HostNames hostNames,
      Optional<ClientTls> tls) {
    this.origin = origin;
    this.deadlines = deadlines;
    this.events = events;
    this.clock = events.clock();
    this.hostNames = hostNames;
    this.tls = tls;
  }

  /**
   * Waits for the lane, for as long as {@code request} may take. The thread that holds it may make
   * calls and hold it again.
   *
   * @throws AdminException if earlier calls do not end in time
   */
  Held hold(AdminRequest request) {
    try {
      if (!lane.tryLock(request.deadline().toNanos(), TimeUnit.NANOSECONDS)) {
        throw AdminException.notSent(
            request.call(),
            "busy",
            "another admin call to this server still ran after %d ms"
                .formatted(request.deadline().toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AdminException.notSent(
          request.call(),
          "interrupted",
          "interrupted while waiting for an earlier admin call to end");
    }
    return lane::unlock;
  }

  /**
   * The answer to a request, whose status is 2xx.
   *
   * @throws AdminException if the call fails or is answered with another status
   */
  AdminAnswer callOk(AdminRequest request) {
    AdminAnswer answer = call(request);
    if (answer.status() / 100 != 2) {
      throw AdminException.answered(
          request.call(), answer.status(), ErrorBody.parse(answer.body(), answer.status()));
    }
    return answer;
  }

  /**
   * The answer to a request, whatever its status.
   *
   * @throws AdminException if the call fails
   */
  AdminAnswer call(AdminRequest request) {
    if (!request.deadline().isPositive()) {
      throw AdminException.notSent(
          request.call(), "deadline", "not sent: the time of the operation is used up");
    }
    try (Held _ = hold(request)) {
      long endNanos = clock.nanos() + request.deadline().toNanos();
      Iterator<InetAddress> addresses = addresses(request).iterator();
      while (true) {
        try {
          return exchange(request, addresses.next(), endNanos);
        } catch (AdminException e) {
          // localhost may resolve to ::1 first although the server listens only on 127.0.0.1.
          if (!e.code().equals("unreachable") || !addresses.hasNext()) {
            throw e;
          }
        }
      }
    }
  }

  /** The server's addresses, resolved within the deadline to connect. */
  private List<InetAddress> addresses(AdminRequest request) {
    Duration within =
        deadlines.connect().compareTo(request.deadline()) < 0
            ? deadlines.connect()
            : request.deadline();
    HostNames.Lookup started = hostNames.lookUp(origin.address());
    lookup = Optional.of(started);
    try {
      if (closed) {
        started.cancel();
      }
      return started.await(within);
    } catch (UnknownHostException e) {
      throw AdminException.notSent(
          request.call(), "unreachable", "cannot connect: unknown host " + origin.address());
    } catch (TimeoutException e) {
      throw AdminException.notSent(
          request.call(),
          "connect_timeout",
          "host %s was not resolved within %d ms".formatted(origin.address(), within.toMillis()));
    } catch (CancellationException e) {
      throw AdminException.notSent(request.call(), "shut_down", CLOSED);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AdminException.notSent(
          request.call(), "interrupted", "interrupted while resolving " + origin.address());
    } finally {
      lookup = Optional.empty();
    }
  }

  private AdminAnswer exchange(AdminRequest request, InetAddress address, long endNanos) {
    try {
      AdminExchange exchange = AdminExchange.open(request, deadlines, events, tls);
      current = Optional.of(exchange);
      if (closed) {
        exchange.abort("shut_down", CLOSED);
      }
      return exchange.carryOut(address, endNanos);
    } finally {
      current = Optional.empty();
    }
  }

  /** Aborts a call in progress: it fails as {@code silent}. Later calls are made as usual. */
  void abort(String why) {
    current.ifPresent(exchange -> exchange.abort("silent", why));
  }

  /** Aborts a call in progress, host name lookup included, and rejects further ones. */
  @Override
  public void close() {
    closed = true;
    lookup.ifPresent(HostNames.Lookup::cancel);
    current.ifPresent(exchange -> exchange.abort("shut_down", CLOSED));
  }
}
