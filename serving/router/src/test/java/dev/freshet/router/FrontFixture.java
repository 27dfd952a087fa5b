package dev.freshet.router;

import dev.freshet.config.ConfigLoader;
import dev.freshet.http.HttpConfig;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

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
    router = Router.start(config, HttpConfig.DEFAULT, registry, MonotonicClock.SYSTEM);
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
        Arrays.stream(replicas)
            .map(replica -> replica.url() + "=vllm")
            .collect(Collectors.joining(",")));
    all.putAll(keys);
    return new FrontFixture(all);
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
