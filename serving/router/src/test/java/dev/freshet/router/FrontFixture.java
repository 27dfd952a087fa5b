package dev.freshet.router;

import static java.util.stream.Collectors.joining;

import dev.freshet.config.ConfigLoader;
import dev.freshet.fleet.PeerServer;
import dev.freshet.http.HttpConfig;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** A front on free ports, with its metrics. */
final class FrontFixture implements AutoCloseable {
  private static final long DEADLINE_NANOS = 60_000_000_000L;

  private final MetricsRegistry registry = new MetricsRegistry();
  final Router router;

  private FrontFixture(Map<String, String> keys) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("port", "0");
    all.put("admin_port", "0");
    all.put("drain_timeout_s", "0");
    all.put("probe_interval_ms", "20");
    all.putAll(keys);
    RouterConfig config = ConfigLoader.with(ConfigLoader.defaults(RouterConfig.class), all);
    router =
        Router.start(config, HttpConfig.DEFAULT, registry, EventLog.silent(MonotonicClock.SYSTEM));
  }

  /** A front of these replicas. */
  static FrontFixture of(ScriptedReplica... replicas) {
    return of(Map.of(), replicas);
  }

  /** The same with other configuration. */
  static FrontFixture of(Map<String, String> keys, ScriptedReplica... replicas) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put(
        "upstreams",
        Arrays.stream(replicas).map(replica -> replica.url() + "=vllm").collect(joining(",")));
    all.putAll(keys);
    FrontFixture front = new FrontFixture(all);
    for (ScriptedReplica replica : replicas) {
      front.awaitServing(replica);
    }
    return front;
  }

  /** A front of servers that are updated, with a journal in {@code dir}. */
  static FrontFixture of(Path dir, Map<String, String> keys, PeerServer... servers) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("upstreams", Arrays.stream(servers).map(FrontFixture::named).collect(joining(",")));
    all.put("journal", dir.resolve("updates.jsonl").toString());
    all.putAll(keys);
    return new FrontFixture(all);
  }

  /** A server as the command line names it. */
  static String named(PeerServer server) {
    return server.url() + "=" + server.kind;
  }

  /** Waits until so many replicas may get requests. */
  void awaitRoutable(int count) throws InterruptedException {
    await(
        count + " replicas: " + router.adminUrl(),
        () -> {
          try {
            return RawClient.exchange(data(), RawClient.get("/health"))
                .text()
                .contains("\"routable\":" + count + "}");
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }

  private void awaitServing(ScriptedReplica replica) {
    String serving =
        "freshet_replica_state{replica=\"%s\",state=\"serving\"}".formatted(replica.name());
    try {
      await("the fleet serves " + replica.url(), () -> replica.isClosed() || metric(serving) == 1);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  URI data() {
    return router.dataUrl();
  }

  URI admin() {
    return router.adminUrl();
  }

  /** The value of a series; 0 if it is not there. */
  double metric(String series) {
    return new String(registry.page("").body(), StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElse(0);
  }

  /** Whether a request would be relayed at once. */
  boolean takesRequests() {
    try {
      return RawClient.exchange(data(), RawClient.get("/health")).status() == 200;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until {@code condition} holds. */
  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > DEADLINE_NANOS) {
        throw new AssertionError("not within a minute: " + what);
      }
      Thread.sleep(2);
    }
  }

  @Override
  public void close() {
    router.close();
  }
}
