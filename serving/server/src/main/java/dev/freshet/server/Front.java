package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.http.ConnectionCap;
import dev.freshet.http.FrontException;
import dev.freshet.http.FrontLimits;
import dev.freshet.http.HeldBytes;
import dev.freshet.http.Listener;
import dev.freshet.http.LivePage;
import dev.freshet.http.StatusPages;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP front of one engine. It owns both listeners and all of their threads, not the engine and
 * not the tokenizer, which must outlive it. Thread-safe.
 */
public final class Front implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Front.class);
  private static final Duration LOOP_END = Duration.ofSeconds(2);

  private final FrontLimits limits;
  private final Listener data;
  private final Listener admin;
  private final AdminOperations operations;
  private final StatusPages pages;
  private final AdminRoutes adminRoutes;
  private final Completions completions;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Front(
      Engine engine,
      Tokenizer tokenizer,
      ServedModel model,
      EventLog events,
      InferenceMetrics metrics,
      FrontConfig config) {
    this.limits = config.limits();
    this.data =
        Listener.ofMany(
            "data", limits.dataThreads(), new ConnectionCap.RefuseNewest(limits.maxConnections()));
    this.admin =
        Listener.ofOne("admin", new ConnectionCap.CloseIdlest(limits.maxAdminConnections()));
    this.operations =
        new AdminOperations(
            engine,
            events,
            metrics.server(),
            new UpdateLines(config.page().map(LivePage::feed)),
            limits.update());
    Map<EventLoop, LoopOutlet> outlets = new LinkedHashMap<>();
    long heldALoop = limits.maxAllHeldBytes() / limits.dataThreads();
    for (EventLoop loop : data.loops()) {
      HeldBytes held = new HeldBytes(limits.maxHeldBytes(), heldALoop);
      outlets.put(loop, new LoopOutlet(loop, held));
    }
    this.completions =
        new Completions(
            engine, tokenizer, model, Map.copyOf(outlets), metrics.server(), events.clock());
    this.pages = new StatusPages(metrics.registry(), config.page());
    this.adminRoutes =
        new AdminRoutes(
            engine, operations, events, limits.update(), config.token(), completions::abort, pages);
    metrics
        .server()
        .engine(
            engine::running, engine::waiting, engine::policyVersion, () -> engine.paused() ? 1 : 0);
  }

  /**
   * Listens, and serves {@code engine} until {@link #close}.
   *
   * @param metrics the server's own; its page is served too
   * @throws FrontException if an address cannot be had; nothing is left behind
   */
  public static Front start(
      Engine engine,
      Tokenizer tokenizer,
      ServedModel model,
      EventLog events,
      InferenceMetrics metrics,
      FrontConfig config) {
    Front front = new Front(engine, tokenizer, model, events, metrics, config);
    try {
      front.admin.bind(config.admin(), front.adminRoutes, config.limits(), events.clock());
      front.data.bind(
          config.data(),
          new DataRoutes(front.completions, front.adminRoutes),
          config.limits(),
          events.clock());
      return front;
    } catch (FrontException e) {
      front.close();
      throw e;
    }
  }

  /** Where completions are served. */
  public InetSocketAddress dataAddress() {
    return data.address();
  }

  /** Where weight operations are served. */
  public InetSocketAddress adminAddress() {
    return admin.address();
  }

  /** The root of the data listener, for clients on this host. */
  public URI dataUrl() {
    return data.url();
  }

  /** The root of the admin listener, for clients on this host. */
  public URI adminUrl() {
    return admin.url();
  }

  /**
   * Takes no more requests, ends the streams with finish reason abort, lets the weight operation in
   * progress end, and closes everything; each within the deadline of the limits.
   */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    adminRoutes.close();
    completions.close();
    data.drain();
    if (!operations.drain(limits.close())) {
      LOG.warn("a weight operation still runs after {} ms", limits.close().toMillis());
    }
    operations.close();
    pages.close();
    admin.drain();
    data.awaitDrained(limits.close());
    admin.awaitDrained(limits.close());
    data.close(LOOP_END);
    admin.close(LOOP_END);
  }
}
