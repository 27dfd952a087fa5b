package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.http.Binding;
import dev.freshet.http.BrowserGuard;
import dev.freshet.http.ConnectionCap;
import dev.freshet.http.HeldBytes;
import dev.freshet.http.ListenException;
import dev.freshet.http.Listener;
import dev.freshet.http.LivePage;
import dev.freshet.http.RequestLog;
import dev.freshet.http.SocketApi;
import dev.freshet.http.StatusPages;
import dev.freshet.http.Tls;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.wire.AbortRequest;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one engine over HTTP. It owns both listeners and all of their threads, but neither the
 * engine nor the tokenizer, which must outlive it. Thread-safe.
 */
public final class EngineServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EngineServer.class);
  private static final Duration LOOP_END = Duration.ofSeconds(2);
  private static final Duration DRAIN_POLL = Duration.ofMillis(10);

  private final ServerLimits limits;
  private final Listener data;
  private final Listener admin;
  private final AdminOperations operations;
  private final StatusPages pages;
  private final AdminRoutes adminRoutes;
  private final Completions completions;
  private final DataRoutes dataRoutes;
  private final Optional<Tls> tls;
  private final Sessions sessions;

  /** How many completions run. */
  private final IntSupplier streams;

  private final AtomicBoolean closed = new AtomicBoolean();

  private EngineServer(
      Engine engine,
      Tokenizer tokenizer,
      ServedModel model,
      EventLog events,
      InferenceMetrics metrics,
      ServerConfig config,
      Optional<Tls> tls) {
    this.tls = tls;
    this.streams = metrics.server()::streams;
    this.limits = config.limits();
    this.sessions =
        new Sessions(
            tokenizer,
            limits.sessions(),
            config
                .sessionsDir()
                .map(
                    dir ->
                        SessionFiles.in(
                            dir,
                            limits.sessions().maxFileBytes(),
                            metrics.sessions(),
                            InstantSource.system()))
                .orElse(SessionFiles.NONE),
            metrics.sessions(),
            events.clock());
    this.data =
        Listener.ofMany(
            "data",
            limits.dataThreads(),
            SocketApi.firstOf(SocketApi.EPOLL),
            new ConnectionCap.RefuseNewest(limits.maxConnections()));
    this.admin =
        Listener.ofOne("admin", new ConnectionCap.CloseIdlest(limits.maxAdminConnections()));
    this.operations =
        new AdminOperations(
            engine,
            events,
            metrics.server(),
            new UpdateLines(config.page().map(LivePage::feed), InstantSource.system()),
            limits.update(),
            metrics.engine().time());
    Map<EventLoop, LoopOutlet> outlets = new LinkedHashMap<>();
    long heldPerLoop = limits.maxAllHeldBytes() / limits.dataThreads();
    for (EventLoop loop : data.loops()) {
      HeldBytes held = new HeldBytes(limits.maxHeldBytes(), heldPerLoop);
      outlets.put(loop, new LoopOutlet(loop, held));
    }
    TokenTexts texts = new TokenTexts(tokenizer, engine.vocabSize());
    RequestWork work = new RequestWork(tokenizer, engine.maxModelLen(), limits.completions());
    SessionRoutes sessionRoutes =
        new SessionRoutes(engine, tokenizer, model.chatPrompts(), sessions, work);
    this.completions =
        new Completions(
            engine,
            tokenizer,
            model,
            config.promptDetails(),
            texts,
            work,
            Map.copyOf(outlets),
            limits.completions(),
            metrics.server(),
            events.clock(),
            InstantSource.system());
    TokenRoutes tokens =
        new TokenRoutes(
            tokenizer,
            model.chatPrompts(),
            completions.models(),
            texts,
            engine.maxModelLen(),
            work);
    MessageRoutes messages = new MessageRoutes(completions, tokenizer, model.chatPrompts(), work);
    this.pages = new StatusPages(metrics.registry(), config.page(), limits.maxWatchers());
    this.adminRoutes =
        new AdminRoutes(
            engine, operations, events, limits.update(), config.token(), this::abort, pages);
    this.dataRoutes =
        new DataRoutes(
            completions,
            tokens,
            messages,
            sessionRoutes,
            new Uncaptured(engine),
            adminRoutes,
            pages,
            () -> engine.running() + engine.waiting(),
            config.keys());
    metrics
        .server()
        .engine(
            engine::running, engine::waiting, engine::policyVersion, () -> engine.paused() ? 1 : 0);
  }

  /**
   * Listens and serves {@code engine} until {@link #close}.
   *
   * @param metrics the metrics of this server; the page of their registry is served
   * @throws ListenException if an address cannot be bound; nothing stays open
   */
  public static EngineServer start(
      Engine engine,
      Tokenizer tokenizer,
      ServedModel model,
      EventLog events,
      InferenceMetrics metrics,
      ServerConfig config) {
    Optional<Tls> tls = config.http().tls();
    EngineServer server;
    try {
      server = new EngineServer(engine, tokenizer, model, events, metrics, config, tls);
    } catch (RuntimeException e) {
      tls.ifPresent(Tls::close);
      throw e;
    }
    try {
      server.admin.bind(
          new Binding(
              config.admin(),
              config.limits().http(),
              config.token().isPresent()
                  ? BrowserGuard.ofProtected(config.http().allowedHosts())
                  : BrowserGuard.ofOpen(config.admin(), config.http().allowedHosts()),
              config.http().sslAdmin() ? tls : Optional.empty(),
              RequestLog.OFF),
          server.adminRoutes,
          events.clock());
      server.data.bind(
          new Binding(
              config.data(),
              config.limits().http(),
              BrowserGuard.ofOpen(config.data(), config.http().allowedHosts())
                  .allowing(config.http().allowedOrigins()),
              tls,
              config.http().requests()),
          server.dataRoutes,
          events.clock());
      return server;
    } catch (ListenException e) {
      server.close();
      throw e;
    }
  }

  /** The method of every route of the data listener, by its path. */
  Map<String, String> methods() {
    return dataRoutes.methods();
  }

  /** The address of the data listener. */
  public InetSocketAddress dataAddress() {
    return data.address();
  }

  /** The address of the admin listener. */
  public InetSocketAddress adminAddress() {
    return admin.address();
  }

  /** The root URL of the data listener, for clients on this host. */
  public URI dataUrl() {
    return data.url();
  }

  /** The root URL of the admin listener, for clients on this host. */
  public URI adminUrl() {
    return admin.url();
  }

  /** Ends the running completions that the request names; returns how many have a client. */
  private CompletableFuture<Integer> abort(AbortRequest request) {
    CompletableFuture<Integer> answered = completions.abort(request);
    sessions.abort(request);
    return answered;
  }

  /**
   * Refuses further requests, lets running completions continue for the time of the limits, ends
   * those that are left with an error, waits for the current weight operation, and closes
   * everything. Both listeners answer meanwhile, so that balancers learn from {@code /health} to
   * send no more.
   */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    adminRoutes.close();
    completions.refuse(limits.close());
    awaitCompletions();
    completions.close();
    sessions.close();
    data.drain();
    if (!operations.drain(limits.close())) {
      LOG.warn(
          "the current weight operation did not end within {} ms; interrupting it",
          limits.close().toMillis());
    }
    operations.close();
    pages.close();
    admin.drain();
    data.awaitDrained(limits.close());
    admin.awaitDrained(limits.close());
    data.close(LOOP_END);
    admin.close(LOOP_END);
    tls.ifPresent(Tls::close);
    LOG.info("stopped");
  }

  /** Waits until no completion runs, at most for the time of the limits. */
  private void awaitCompletions() {
    int first = streams.getAsInt();
    LOG.info(
        "stopping: new requests are answered 503; {} completions may run for {} ms more",
        first,
        limits.drain().toMillis());
    long start = System.nanoTime();
    int left = first;
    while (left > 0 && System.nanoTime() - start < limits.drain().toNanos()) {
      LockSupport.parkNanos(DRAIN_POLL.toNanos());
      left = streams.getAsInt();
    }
    if (left > 0) {
      LOG.warn(
          "{} completions did not end within {} ms and end with an error now",
          left,
          limits.drain().toMillis());
    } else if (first > 0) {
      LOG.info("all completions have ended");
    }
  }
}
