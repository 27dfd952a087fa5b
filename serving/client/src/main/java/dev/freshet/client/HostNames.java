package dev.freshet.client;

import dev.freshet.trace.MonotonicClock;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Resolves host names for the admin lane on its own platform threads, so that a lookup never
 * competes with rollouts for the carriers of virtual threads. Addresses are cached for {@link
 * #LIFETIME}; a failed lookup is not cached. Concurrent lookups of a name share one query.
 * Thread-safe.
 */
final class HostNames {
  /** How the operating system resolves a name. */
  @FunctionalInterface
  interface Resolver {
    InetAddress[] resolve(String host) throws UnknownHostException;
  }

  /** Long enough to serve consecutive calls, short enough to follow a service that moves. */
  static final Duration LIFETIME = Duration.ofSeconds(30);

  /** A hanging query occupies a thread until the system's resolver gives up. */
  private static final int THREADS = 8;

  static final HostNames SHARED = new HostNames(InetAddress::getAllByName, MonotonicClock.SYSTEM);

  private record Known(List<InetAddress> addresses, long sinceNanos) {}

  private final Resolver resolver;
  private final MonotonicClock clock;
  private final Map<String, Known> known = new ConcurrentHashMap<>();
  private final Map<String, CompletableFuture<List<InetAddress>>> running =
      new ConcurrentHashMap<>();
  private final ExecutorService threads;

  HostNames(Resolver resolver, MonotonicClock clock) {
    this.resolver = resolver;
    this.clock = clock;
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("freshet-resolver-", 0).daemon().factory());
    pool.allowCoreThreadTimeOut(true);
    this.threads = pool;
  }

  /** Starts to resolve {@code host}; a literal address or a cached name is resolved at once. */
  Lookup lookUp(String host) {
    InetAddress literal = NetUtil.createInetAddressFromIpAddressString(host);
    if (literal != null) {
      return new Lookup(CompletableFuture.completedFuture(List.of(literal)));
    }
    Known cached = known.get(host);
    if (cached != null && clock.nanos() - cached.sinceNanos() < LIFETIME.toNanos()) {
      return new Lookup(CompletableFuture.completedFuture(cached.addresses()));
    }
    return new Lookup(running.computeIfAbsent(host, this::start).copy());
  }

  private CompletableFuture<List<InetAddress>> start(String host) {
    CompletableFuture<List<InetAddress>> result = new CompletableFuture<>();
    threads.execute(
        () -> {
          try {
            List<InetAddress> addresses = List.of(resolver.resolve(host));
            known.put(host, new Known(addresses, clock.nanos()));
            running.remove(host);
            result.complete(addresses);
          } catch (Throwable e) {
            running.remove(host);
            result.completeExceptionally(e);
          }
        });
    return result;
  }

  /** One caller's wait for the addresses of a host. */
  static final class Lookup {
    private final CompletableFuture<List<InetAddress>> result;

    private Lookup(CompletableFuture<List<InetAddress>> result) {
      this.result = result;
    }

    /** Ends this caller's wait. The query itself continues, because other callers may share it. */
    void cancel() {
      result.cancel(false);
    }

    /**
     * The addresses, in the order to try them.
     *
     * @throws UnknownHostException if the name does not resolve
     * @throws TimeoutException if it does not resolve within the deadline
     * @throws CancellationException if this lookup was cancelled
     */
    List<InetAddress> await(Duration deadline)
        throws InterruptedException, TimeoutException, UnknownHostException {
      try {
        return result.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
      } catch (ExecutionException e) {
        UnknownHostException unknown = new UnknownHostException(e.toString());
        unknown.initCause(e);
        throw unknown;
      }
    }
  }
}
