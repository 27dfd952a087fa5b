package dev.freshet.router;

import dev.freshet.config.ConfigException;
import dev.freshet.trace.FreeText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replicas of a front: those of the command line, and those of a file that is read again when
 * it changes. It owns their probes and publishes the routing table. A replica that leaves the file
 * gets no new requests; its running ones go on. A file that cannot be read or has a malformed line
 * changes nothing. Thread-safe.
 */
final class Upstreams implements Supplier<Candidates>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Upstreams.class);

  private record Probed(Upstream upstream, UpstreamProbe probe) {}

  private final RouterConfig config;
  private final RouterMetrics metrics;
  private final Runnable changed;
  private final Optional<Path> file;
  private final Map<String, Probed> replicas = new LinkedHashMap<>();
  private Optional<Thread> watcher = Optional.empty();
  private volatile Candidates table = Candidates.EMPTY;
  private volatile boolean closed;
  private boolean started;
  private String lastRead = "";

  /**
   * @param changed called after each change of the table or of a replica's state, once started
   * @throws ConfigException if the file cannot be read or has a malformed line
   */
  Upstreams(RouterConfig config, RouterMetrics metrics, Runnable changed) {
    this.config = config;
    this.metrics = metrics;
    this.changed = changed;
    this.file =
        config.upstreamsFile().isEmpty()
            ? Optional.empty()
            : Optional.of(Path.of(config.upstreamsFile()));
    try {
      List<UpstreamAddress> first = addresses(file.isPresent() ? read(file.get()) : "");
      first.forEach(address -> replicas.computeIfAbsent(address.name(), _ -> added(address)));
      table = listed();
    } catch (IOException | IllegalArgumentException e) {
      throw new ConfigException(
          "router.upstreams_file %s: %s".formatted(config.upstreamsFile(), e.getMessage()), e);
    }
  }

  /** Begins to probe the replicas and to watch the file. */
  synchronized void start() {
    started = true;
    replicas.values().forEach(probed -> probed.probe().start());
    watcher =
        file.map(
            path ->
                Thread.ofPlatform().name("freshet-upstreams").daemon().start(() -> watch(path)));
  }

  private static String read(Path path) throws IOException {
    return Files.readString(path);
  }

  private List<UpstreamAddress> addresses(String ofFile) {
    List<UpstreamAddress> all = new ArrayList<>();
    config.upstreams().forEach(text -> all.add(UpstreamAddress.parse(text)));
    ofFile
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .forEach(line -> all.add(UpstreamAddress.parse(line)));
    lastRead = ofFile;
    return all;
  }

  private void watch(Path path) {
    try {
      while (!closed) {
        Thread.sleep(Duration.ofMillis(config.probeIntervalMs()));
        try {
          String now = read(path);
          if (!now.equals(lastRead)) {
            set(addresses(now));
          }
        } catch (IOException | IllegalArgumentException e) {
          LOG.warn(
              "{}: the replicas stay as they are: {}",
              path,
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
    synchronized (this) {
      if (closed) {
        return;
      }
      replicas
          .values()
          .removeIf(
              probed -> {
                boolean gone = !addresses.contains(probed.upstream().address());
                if (gone) {
                  removed.add(probed);
                }
                return gone;
              });
      addresses.forEach(address -> replicas.computeIfAbsent(address.name(), _ -> added(address)));
    }
    removed.forEach(probed -> probed.probe().close());
    publish();
  }

  private Probed added(UpstreamAddress address) {
    Upstream upstream =
        new Upstream(address, new UpstreamHealth(config.failuresToDown(), this::publish));
    metrics.upstream(upstream, () -> isListed(upstream) ? upstream.health().state().value() : 0);
    UpstreamProbe probe =
        new UpstreamProbe(
            upstream,
            Duration.ofMillis(config.probeIntervalMs()),
            Duration.ofMillis(config.probeTimeoutMs()),
            this::publish);
    if (started) {
      probe.start();
    }
    return new Probed(upstream, probe);
  }

  private boolean isListed(Upstream upstream) {
    return table.all().stream().anyMatch(target -> target.upstream() == upstream);
  }

  private void publish() {
    synchronized (this) {
      table = listed();
    }
    changed.run();
  }

  private Candidates listed() {
    return new Candidates(
        replicas.values().stream()
            .map(Probed::upstream)
            .map(one -> new Candidates.Candidate(one, one.policyVersion()))
            .toList());
  }

  @Override
  public Candidates get() {
    return table;
  }

  @Override
  public void close() {
    List<Probed> all;
    synchronized (this) {
      closed = true;
      all = List.copyOf(replicas.values());
      watcher.ifPresent(Thread::interrupt);
    }
    all.forEach(probed -> probed.probe().close());
  }
}
