package dev.freshet.router;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.ServerHealth;
import dev.freshet.trace.EventLog;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * Asks one replica again and again whether its data listener answers, and resolves its name, so
 * that no event loop ever does. Probes have their own thread and connections on the admin lane:
 * neither streams nor another replica's probe delays them. Any answer but a 5xx is a sign of life.
 */
final class UpstreamProbe implements AutoCloseable {
  private static final Duration END = Duration.ofSeconds(5);

  private final Upstream upstream;
  private final Duration interval;
  private final Runnable changed;
  private final AdminClient data;
  private final BooleanSupplier changing;
  private final Runnable returned;
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param changed called when the addresses have changed
   * @param changing whether an update or a pause of the fleet may be why it answers 5xx
   * @param returned called before a replica that was down is put on trial
   */
  UpstreamProbe(
      Upstream upstream,
      Duration interval,
      Duration deadline,
      Runnable changed,
      BooleanSupplier changing,
      Runnable returned,
      EventLog events) {
    this.upstream = upstream;
    this.interval = interval;
    this.changed = changed;
    this.changing = changing;
    this.returned = returned;
    AdminDeadlines deadlines = AdminDeadlines.all(deadline);
    this.data = new AdminClient(upstream.address().data(), deadlines, events.unlogged());
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

  /**
   * A paused server may answer 5xx, or nothing: SGLang's health generates a token. What was asked
   * while it was paused or updated therefore counts only if nothing listens any more.
   */
  private void probe() {
    boolean changes = changing.getAsBoolean();
    try {
      ServerHealth health = data.health();
      if (health.status() >= 500 && !changes && !changing.getAsBoolean()) {
        upstream.health().probeFailed("GET /health: HTTP " + health.status());
        return;
      }
      if (upstream.health().state() == UpstreamHealth.State.DOWN) {
        returned.run();
      }
      upstream.health().probeAnswered();
    } catch (AdminException e) {
      boolean explained = (changes || changing.getAsBoolean()) && !e.neverHandled();
      if (!closed && !explained) {
        upstream.health().probeFailed(String.valueOf(e.getMessage()));
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    data.close();
    thread.interrupt();
    try {
      thread.join(END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
