package dev.freshet.cli;

import dev.freshet.config.ConfigLoader;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.http.HttpConfig;
import dev.freshet.lab.route.FrontUnderTest;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.router.Router;
import dev.freshet.router.RouterConfig;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The front of {@code freshet route} in this process, without a log. */
final class FrontInProcess implements FrontUnderTest {
  @Override
  public String name() {
    return "freshet";
  }

  @Override
  public Running start(Path dir, List<ServerAddress> replicas, int streams) {
    String upstreams =
        replicas.stream()
            .map(replica -> replica.data() + "=freshet@" + replica.admin())
            .collect(Collectors.joining(","));
    RouterConfig config =
        ConfigLoader.with(
            ConfigLoader.defaults(RouterConfig.class),
            Map.of(
                "port", "0",
                "admin_port", "0",
                "drain_timeout_s", "0",
                "journal", dir.resolve("updates.jsonl").toString(),
                "upstreams", upstreams));
    return new Front(
        Router.start(
            config,
            HttpConfig.DEFAULT,
            new MetricsRegistry(),
            EventLog.silent(MonotonicClock.SYSTEM)));
  }

  private record Front(Router router) implements Running {
    @Override
    public URI url() {
      return router.dataUrl();
    }

    @Override
    public Optional<URI> admin() {
      return Optional.of(router.adminUrl());
    }

    @Override
    public ProcessHandle process() {
      return ProcessHandle.current();
    }

    @Override
    public void close() {
      router.close();
    }
  }
}
