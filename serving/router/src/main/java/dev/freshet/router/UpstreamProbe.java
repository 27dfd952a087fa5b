package dev.freshet.router;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.ServerHealth;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.WireException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Asks one replica again and again whether it lives and which policy version it serves, and
 * resolves its name, so that no event loop ever does. Probes have their own thread and connections
 * on the admin lane: neither streams nor another replica's probe delays them. Any answer but a 5xx
 * is a sign of life.
 */
final class UpstreamProbe implements AutoCloseable {
  private static final Duration END = Duration.ofSeconds(5);

  private final Upstream upstream;
  private final Duration interval;
  private final Runnable changed;
  private final AdminClient data;
  private final AdminClient admin;
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param changed called when the version or the addresses have changed
   */
  UpstreamProbe(Upstream upstream, Duration interval, Duration deadline, Runnable changed) {
    this.upstream = upstream;
    this.interval = interval;
    this.changed = changed;
    AdminDeadlines deadlines = AdminDeadlines.all(deadline);
    EventLog silent = EventLog.silent(MonotonicClock.SYSTEM);
    this.data = new AdminClient(upstream.address().data(), deadlines, silent);
    this.admin = new AdminClient(upstream.address().admin(), deadlines, silent);
    this.thread =
        Thread.ofPlatform().name("freshet-probe-" + upstream.name()).daemon().unstarted(this::run);
  }

  /** Begins to probe. */
  void start() {
    thread.start();
  }

  private void run() {
    try {
      while (!closed) {
        resolve();
        probe();
        Thread.sleep(interval);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // Closed.
    }
  }

  private void resolve() {
    boolean unknown = upstream.sockets().isEmpty();
    try {
      upstream.resolved(InetAddress.getAllByName(upstream.address().host()));
      if (unknown) {
        changed.run();
      }
    } catch (UnknownHostException e) {
      upstream.health().probeFailed("its name does not resolve");
    }
  }

  private void probe() {
    try {
      ServerHealth health = data.health();
      if (health.status() >= 500) {
        upstream.health().probeFailed("GET /health: HTTP " + health.status());
        return;
      }
      version();
      upstream.health().probeAnswered();
    } catch (AdminException e) {
      if (!closed) {
        upstream.health().probeFailed(String.valueOf(e.getMessage()));
      }
    }
  }

  /** A replica that does not say its version, or not in time, keeps the last one. */
  private void version() {
    try {
      OptionalLong version =
          upstream
              .address()
              .dialect()
              .ask(admin, upstream.policyVersion().orElse(0))
              .version()
              .map(OptionalLong::of)
              .orElseGet(OptionalLong::empty);
      if (!version.equals(upstream.policyVersion())) {
        upstream.policyVersion(version);
        changed.run();
      }
    } catch (AdminException | WireException e) {
      // The probe of its health says whether it lives.
    }
  }

  @Override
  public void close() {
    closed = true;
    data.close();
    admin.close();
    thread.interrupt();
    try {
      thread.join(END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
