package dev.freshet.router;

import dev.freshet.config.ConfigException;
import dev.freshet.fleet.ElasticFleet;
import dev.freshet.fleet.FleetMetrics;
import dev.freshet.fleet.FleetOrders;
import dev.freshet.http.Binding;
import dev.freshet.http.BrowserGuard;
import dev.freshet.http.ByteBudget;
import dev.freshet.http.ConnectionCap;
import dev.freshet.http.HttpConfig;
import dev.freshet.http.HttpLimits;
import dev.freshet.http.ListenException;
import dev.freshet.http.Listener;
import dev.freshet.http.RequestLog;
import dev.freshet.http.StatusPages;
import dev.freshet.http.Tls;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.AdminTokenFile;
import dev.freshet.wire.ApiKeys;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The front of a fleet: a data listener that relays requests to the replicas, and an admin listener
 * on an event loop of its own, through which the fleet is updated. It owns both, the fleet, the
 * connections to the replicas and their probes. Thread-safe.
 */
public final class Router implements AutoCloseable {
  private static final int MAX_ADMIN_CONNECTIONS = 256;
  private static final int MAX_WATCHERS = 64;
  private static final Duration LOOP_END = Duration.ofSeconds(2);

  private final RouterConfig config;
  private final Listener data;
  private final Listener admin;
  private final Map<EventLoop, RelayLoop> loops = new LinkedHashMap<>();
  private final ElasticFleet fleet;
  private final Upstreams upstreams;
  private final StatusPages pages;
  private final FrontAdminRoutes adminRoutes;
  private final FrontDataRoutes dataRoutes;
  private final AtomicBoolean closed = new AtomicBoolean();
  private Optional<Tls> tls = Optional.empty();

  private Router(
      RouterConfig config,
      Optional<AdminToken> token,
      ApiKeys keys,
      MetricsRegistry registry,
      EventLog events) {
    MonotonicClock clock = events.clock();
    this.config = config;
    RouterMetrics metrics = new RouterMetrics(registry);
    this.fleet =
        new ElasticFleet(
            AdminTokenFile.read(config.upstreamTokenFile()),
            config.fleet(),
            events,
            new FleetMetrics(registry),
            this::replicasChanged);
    this.upstreams = new Upstreams(config, metrics, fleet, events, this::replicasChanged);
    this.data =
        Listener.ofMany(
            "front",
            config.threads(),
            config.sockets().api(),
            new ConnectionCap.RefuseNewest(config.maxConnections()));
    this.admin =
        Listener.ofOne("front-admin", new ConnectionCap.CloseIdlest(MAX_ADMIN_CONNECTIONS));
    AtomicInteger queued = new AtomicInteger();
    metrics.waiting(queued::get);
    Policy policy = config.policy().make(config, clock);
    RelayLoop.Shared shared =
        new RelayLoop.Shared(
            upstreams,
            policy,
            config.policyModel(),
            config.limits(),
            metrics,
            queued,
            new ByteBudget(config.maxHeldBytes()),
            clock);
    data.loops().forEach(loop -> loops.put(loop, new RelayLoop(loop, shared)));
    this.pages = new StatusPages(registry, Optional.empty(), MAX_WATCHERS);
    FleetAnswers json = new FleetAnswers(fleet);
    FleetModels models = new FleetModels(fleet);
    FleetOrders orders = new FleetOrders(fleet);
    FleetRoutes operations = new FleetRoutes(orders, json, new Broadcasts(fleet));
    this.adminRoutes =
        new FrontAdminRoutes(
            upstreams,
            new ReplicasJson(upstreams, fleet, json),
            json,
            models,
            operations,
            new PeerRoutes(orders, operations, json),
            token,
            pages);
    this.dataRoutes =
        new FrontDataRoutes(adminRoutes, models, Map.copyOf(loops), policy, metrics, keys);
  }

  /**
   * Listens and relays until {@link #close}, with the API keys of the configuration and the
   * environment.
   *
   * @param events takes the events of the fleet and its updates
   * @throws ListenException if an address cannot be bound; nothing stays open
   * @throws ConfigException if a file of the configuration cannot be used
   */
  public static Router start(
      RouterConfig config, HttpConfig http, MetricsRegistry registry, EventLog events) {
    return start(config, ApiKeys.from(List.of(), config.apiKeyFile()), http, registry, events);
  }

  /** The same with {@code keys}. */
  public static Router start(
      RouterConfig config,
      ApiKeys keys,
      HttpConfig http,
      MetricsRegistry registry,
      EventLog events) {
    Optional<AdminToken> token = AdminTokenFile.read(config.adminTokenFile());
    Router router = new Router(config, token, keys, registry, events);
    try {
      router.listen(http, token.isPresent(), events.clock());
      return router;
    } catch (ListenException | ConfigException e) {
      router.close();
      throw e;
    }
  }

  private void listen(HttpConfig http, boolean hasToken, MonotonicClock clock) {
    HttpLimits defaults = HttpLimits.DEFAULT;
    InetSocketAddress adminAddress = new InetSocketAddress(config.adminHost(), config.adminPort());
    InetSocketAddress dataAddress = new InetSocketAddress(config.host(), config.port());
    tls = http.tls();
    loops.values().forEach(RelayLoop::start);
    admin.bind(
        new Binding(
            adminAddress,
            defaults,
            hasToken
                ? BrowserGuard.ofProtected(http.allowedHosts())
                : BrowserGuard.ofOpen(adminAddress, http.allowedHosts()),
            http.sslAdmin() ? tls : Optional.empty(),
            RequestLog.OFF),
        adminRoutes,
        clock);
    data.bind(
        new Binding(
            dataAddress,
            new HttpLimits(
                config.maxBodyBytes(), config.maxHeldBytes(), defaults.request(), defaults.idle()),
            BrowserGuard.ofOpen(dataAddress, http.allowedHosts()).allowing(http.allowedOrigins()),
            tls,
            http.requests()),
        dataRoutes,
        clock);
    upstreams.start();
    fleet.start();
  }

  private void replicasChanged() {
    loops.forEach((loop, relays) -> onLoop(loop, relays::replicasChanged));
  }

  private static void onLoop(EventLoop loop, Runnable action) {
    try {
      loop.execute(action);
    } catch (RejectedExecutionException e) {
      // The loop has ended, and its relays with it.
    }
  }

  /** The root URL of the data listener, for clients on this host. */
  public URI dataUrl() {
    return data.url();
  }

  /** The root URL of the admin listener, for clients on this host. */
  public URI adminUrl() {
    return admin.url();
  }

  /**
   * Refuses further requests, lets running answers end within the configured time, and closes
   * everything.
   */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    adminRoutes.close();
    data.drain();
    loops.forEach((loop, relays) -> onLoop(loop, relays::drain));
    data.awaitDrained(Duration.ofSeconds(config.drainTimeoutS()));
    upstreams.close();
    fleet.close();
    loops.forEach((loop, relays) -> onLoop(loop, relays::close));
    pages.close();
    admin.drain();
    admin.awaitDrained(LOOP_END);
    data.close(LOOP_END);
    admin.close(LOOP_END);
    tls.ifPresent(Tls::close);
  }
}
