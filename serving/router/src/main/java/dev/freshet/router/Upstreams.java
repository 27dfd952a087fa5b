package dev.freshet.router;

import dev.freshet.config.ConfigException;
import dev.freshet.fleet.ElasticFleet;
import dev.freshet.fleet.RoutingTable;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.FreeText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replicas of a front: those of the command line, those of a file that is read again when it
 * changes, and the ready endpoints of a Kubernetes service. It owns their probes and makes them
 * members of the fleet, whose routing table says which of them may get requests. A replica that
 * leaves gets no new requests; its running ones continue. A file that cannot be read or has a
 * malformed line, and an API server that does not answer, change nothing. Thread-safe.
 */
final class Upstreams implements Supplier<Candidates>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Upstreams.class);

  private record Probed(Upstream upstream, UpstreamProbe probe) {}

  /** The replicas at one moment, in the order in which they were named. */
  private record Members(List<Upstream> all, Map<ServerAddress, Upstream> byAddress) {
    static Members of(Collection<Probed> probed) {
      List<Upstream> all = probed.stream().map(Probed::upstream).toList();
      return new Members(
          all,
          all.stream()
              .collect(Collectors.toUnmodifiableMap(one -> one.address().listeners(), one -> one)));
    }
  }

  /** The candidates of one table and these members. */
  private record View(Members members, Candidates candidates) {}

  private final RouterConfig config;
  private final RouterMetrics metrics;
  private final EventLog events;
  private final ElasticFleet fleet;
  private final Runnable changed;
  private final Optional<Path> file;
  private final Optional<KubernetesEndpoints> endpoints;

  /** By name; changed before the start and by the watcher only. */
  private final Map<String, Probed> replicas = new LinkedHashMap<>();

  /** Requests in flight by name, also of replicas that have left; changed as {@link #replicas}. */
  private final Map<String, AtomicInteger> inFlight = new HashMap<>();

  private volatile Members members = Members.of(List.of());
  private volatile View view = new View(members, Candidates.EMPTY);
  private Optional<Thread> watcher = Optional.empty();
  private boolean started;
  private boolean closed;
  private String lastRead = "";
  private List<UpstreamAddress> lastReady = List.of();

  /**
   * @param changed called after each change of the replicas or of their health
   * @throws ConfigException if the file cannot be read or has a malformed line
   */
  Upstreams(
      RouterConfig config,
      RouterMetrics metrics,
      ElasticFleet fleet,
      EventLog events,
      Runnable changed) {
    this.events = events;
    this.config = config;
    this.metrics = metrics;
    this.fleet = fleet;
    this.changed = changed;
    this.file =
        config.upstreamsFile().isEmpty()
            ? Optional.empty()
            : Optional.of(Path.of(config.upstreamsFile()));
    try {
      set(addresses(fileText(), List.of()));
    } catch (IOException | IllegalArgumentException e) {
      throw new ConfigException(
          "router.upstreams_file %s: %s".formatted(config.upstreamsFile(), e.getMessage()), e);
    }
    this.endpoints = KubernetesService.of(config).map(KubernetesEndpoints::new);
  }

  /** Begins to probe the replicas and to watch the file and the service. */
  synchronized void start() {
    started = true;
    replicas.values().forEach(probed -> probed.probe().start());
    endpoints.ifPresent(KubernetesEndpoints::start);
    if (file.isPresent() || endpoints.isPresent()) {
      watcher =
          Optional.of(Thread.ofPlatform().name("freshet-upstreams").daemon().start(this::watch));
    }
  }

  private String fileText() throws IOException {
    return file.isPresent() ? Files.readString(file.get()) : "";
  }

  private List<UpstreamAddress> addresses(String ofFile, List<UpstreamAddress> ready) {
    List<UpstreamAddress> all = new ArrayList<>();
    config.upstreams().forEach(text -> all.add(UpstreamAddress.parse(text)));
    ofFile
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .forEach(line -> all.add(UpstreamAddress.parse(line)));
    all.addAll(ready);
    UpstreamAddress.requireConsistent(all);
    lastRead = ofFile;
    lastReady = ready;
    return all;
  }

  private void watch() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Thread.sleep(Duration.ofMillis(config.probeIntervalMs()));
        try {
          String now = fileText();
          List<UpstreamAddress> ready = endpoints.map(KubernetesEndpoints::get).orElse(List.of());
          if (!now.equals(lastRead) || !ready.equals(lastReady)) {
            set(addresses(now, ready));
          }
        } catch (IOException | IllegalArgumentException e) {
          LOG.warn(
              "{}: the replicas stay as they are: {}",
              config.upstreamsFile(),
              FreeText.escaped(String.valueOf(e.getMessage())));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // Closed.
    }
  }

  /** Replaces the replicas; those that stay keep their state. */
  private void set(List<UpstreamAddress> addresses) {
    List<Probed> removed = new ArrayList<>();
    List<Upstream> joined = new ArrayList<>();
    synchronized (this) {
      if (closed) {
        return;
      }
      replicas.values().stream()
          .filter(probed -> !addresses.contains(probed.upstream().address()))
          .forEach(removed::add);
      replicas.values().removeAll(removed);
      for (UpstreamAddress address : addresses) {
        if (!replicas.containsKey(address.name())) {
          Probed fresh = added(address);
          replicas.put(address.name(), fresh);
          joined.add(fresh.upstream());
        }
      }
      inFlight
          .entrySet()
          .removeIf(one -> one.getValue().get() == 0 && !replicas.containsKey(one.getKey()));
      members = Members.of(replicas.values());
    }
    for (Probed probed : removed) {
      fleet.leave(probed.upstream().address().listeners());
      probed.probe().close();
    }
    joined.forEach(upstream -> fleet.join(upstream.address().spec()));
  }

  private Probed added(UpstreamAddress address) {
    Upstream upstream =
        new Upstream(
            address,
            new UpstreamHealth(config.failuresToDown(), changed),
            inFlight.computeIfAbsent(address.name(), _ -> new AtomicInteger()));
    metrics.upstream(
        upstream,
        () -> isListed(upstream) ? upstream.health().state().value() : 0,
        () -> get().route(upstream).map(RoutingTable.Route::policyVersion).orElse(-1L));
    UpstreamProbe probe =
        new UpstreamProbe(
            upstream,
            Duration.ofMillis(config.probeIntervalMs()),
            Duration.ofMillis(config.probeTimeoutMs()),
            changed,
            () -> fleet.isChanging(address.listeners()),
            () -> fleet.returned(address.listeners()),
            events);
    if (started) {
      probe.start();
    }
    return new Probed(upstream, probe);
  }

  private boolean isListed(Upstream upstream) {
    return members.all().contains(upstream);
  }

  /** All replicas, also those that get no requests, in the order in which they were named. */
  List<Upstream> all() {
    return members.all();
  }

  /** A change publishes another object, so that the same one needs no comparison. */
  @Override
  @SuppressWarnings("ReferenceEquality")
  public Candidates get() {
    View last = view;
    Members now = members;
    RoutingTable table = fleet.table();
    if (last.members() != now || last.candidates().table() != table) {
      last = new View(now, Candidates.of(table, now.byAddress()));
      view = last;
    }
    return last.candidates();
  }

  @Override
  public void close() {
    List<Probed> all;
    synchronized (this) {
      closed = true;
      all = List.copyOf(replicas.values());
      watcher.ifPresent(Thread::interrupt);
    }
    endpoints.ifPresent(KubernetesEndpoints::close);
    all.forEach(probed -> probed.probe().close());
  }
}
