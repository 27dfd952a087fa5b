package dev.freshet.router;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import dev.freshet.fleet.FleetOptions;
import dev.freshet.fleet.PhaseDeadlines;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.wire.OneLine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The configuration of the front of a fleet. */
@Section("The front of a fleet: `freshet route`.")
public record RouterConfig(
    @Key(def = "127.0.0.1", doc = "address of the data listener") String host,
    @Key(def = "8080", doc = "port of the data listener; 0: any free port") int port,
    @Key(def = "127.0.0.1", doc = "address of the admin listener") String adminHost,
    @Key(def = "8081", doc = "port of the admin listener; 0: any free port") int adminPort,
    @Key(
            def = "",
            doc =
                "file whose first line is the bearer token of the admin routes, which the data"
                    + " listener then has too; empty: no token")
        String adminTokenFile,
    @Key(
            def = "",
            doc =
                "file of API keys, one a line, of which every request of the data listener must"
                    + " carry one, which is relayed; the environment variable FRESHET_API_KEY may"
                    + " have more, separated by commas; empty: no file, the replicas decide")
        String apiKeyFile,
    @Key(
            def = "",
            doc =
                "replicas, each URL[=kind[@admin URL]]; kinds: freshet (default), vllm, vllm-lora,"
                    + " sglang, prime-rl; then +HERE:THERE where its host sees directory HERE of"
                    + " this host at another path")
        List<String> upstreams,
    @Key(
            def = "",
            doc = "file with further replicas, one a line; read again when it changes; empty: none")
        String upstreamsFile,
    @Key(
            def = "",
            doc =
                "NAMESPACE/NAME of a Kubernetes service whose ready endpoints are further replicas;"
                    + " empty: none")
        String kubernetesService,
    @Key(def = "", doc = "name of the service's port for completions; empty: its first port")
        String kubernetesPort,
    @Key(def = "", doc = "name of the port of the endpoints' admin listener; empty: the same port")
        String kubernetesAdminPort,
    @Key(def = "vllm", doc = "program of the endpoints, as in upstreams") String kubernetesKind,
    @Key(
            def = "",
            doc =
                "root URL of the API server, such as that of `kubectl proxy`; empty: of the cluster in"
                    + " which the front runs, else of the kubeconfig")
        String kubernetesApi,
    @Key(
            def = "sticky_least_loaded",
            doc = "sticky_least_loaded, least_loaded, round_robin, or prefix")
        PolicyName policy,
    @Key(def = "7200", doc = "sticky: an unused session is forgotten after this time")
        long sessionTtlS,
    @Key(
            def = "1024",
            doc = "sticky, prefix: requests of a replica from which on others take its sessions")
        int maxInFlight,
    @Key(def = "1.5", doc = "the same relative to the mean of all replicas, with spill_slack more")
        double spillFactor,
    @Key(def = "8", doc = "requests above spill_factor times the mean that are tolerated")
        int spillSlack,
    @Key(def = "1", doc = "event loops of the data listener") int threads,
    @Key(
            def = "auto",
            doc =
                "how the streams' sockets are used: io_uring (least CPU; Linux, and containers may"
                    + " forbid it), epoll (Linux), or auto: the first of them that the host has")
        Sockets sockets,
    @Key(
            def = "8192",
            doc =
                "most connections of clients, each of which may need a second file for its"
                    + " replica; a further one is answered 503")
        int maxConnections,
    @Key(def = "5000", doc = "for a connection to a replica") long connectTimeoutMs,
    @Key(def = "3600", doc = "from a request to the first byte of its answer")
        long firstByteTimeoutS,
    @Key(def = "21600", doc = "between two bytes of an answer") long idleTimeoutS,
    @Key(def = "60", doc = "for a request while no replica may take it") long queueTimeoutS,
    @Key(def = "4096", doc = "most requests that wait for a replica") int maxQueued,
    @Key(
            def = "4000",
            doc =
                "an unused connection to a replica is closed after this; servers close it after 5"
                    + " s")
        long keepAliveMs,
    @Key(def = "67108864", doc = "largest request body; a larger one is answered 413")
        int maxBodyBytes,
    @Key(
            def = "1048576",
            doc = "largest body of a request that is sent again if its connection ends unanswered")
        int maxRetriedBodyBytes,
    @Key(def = "268435456", doc = "most bytes of bodies without an answer; above it 503")
        long maxHeldBytes,
    @Key(def = "1000", doc = "between two probes of a replica") long probeIntervalMs,
    @Key(def = "5000", doc = "for the answer to a probe") long probeTimeoutMs,
    @Key(def = "3", doc = "probes, or broken connections, in a row after which a replica is down")
        int failuresToDown,
    @Key(def = "30", doc = "for running answers after SIGTERM") long drainTimeoutS,
    @Key(
            def = "",
            doc =
                "file whose first line is the bearer token of the replicas' admin listeners; empty:"
                    + " no token")
        String upstreamTokenFile,
    @Key(
            def = "",
            doc =
                "file of the fleet's updates, from which a front that was killed continues; empty:"
                    + " runs/front-PORT/updates.jsonl, or none if port is 0")
        String journal,
    @Key(
            def = "policy",
            doc =
                "model that clients name to get the policy; on vllm-lora replicas it is replaced by"
                    + " the adapter of the current version")
        String policyModel,
    @Key(
            def = "0",
            doc =
                "replicas that must serve a version for an update to be committed; 0: all that"
                    + " served when it began")
        int quorum,
    @Key(def = "7200", doc = "for each of prepare and apply on a replica in an update")
        long updateTimeoutS,
    @Key(def = "300", doc = "for each of pause and resume on a replica") long pauseTimeoutS) {
  public RouterConfig {
    Check.address("host", host);
    Check.address("adminHost", adminHost);
    Check.port("port", port);
    Check.port("adminPort", adminPort);
    upstreams = List.copyOf(upstreams);
    try {
      UpstreamAddress.requireConsistent(upstreams.stream().map(UpstreamAddress::parse).toList());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("upstreams: " + e.getMessage(), e);
    }
    Check.that(
        kubernetesService.isEmpty() || KubernetesService.isPath(kubernetesService),
        "kubernetesService",
        "NAMESPACE/NAME");
    requireKind(kubernetesKind);
    Check.that(
        kubernetesApi.isEmpty() || kubernetesApi.matches("https?://[^/?#]+/?"),
        "kubernetesApi",
        "http://HOST:PORT or https://HOST:PORT");
    Check.positive("sessionTtlS", sessionTtlS);
    Check.positive("maxInFlight", maxInFlight);
    Check.that(spillFactor >= 1, "spillFactor", "at least 1");
    Check.notNegative("spillSlack", spillSlack);
    Check.that(threads >= 1 && threads <= 64, "threads", "1 to 64");
    requireAvailable(sockets);
    Check.positive("maxConnections", maxConnections);
    Check.that(
        connectTimeoutMs >= 1 && connectTimeoutMs <= 600_000, "connectTimeoutMs", "1 to 600000");
    Check.positive("firstByteTimeoutS", firstByteTimeoutS);
    Check.positive("idleTimeoutS", idleTimeoutS);
    Check.positive("queueTimeoutS", queueTimeoutS);
    Check.notNegative("maxQueued", maxQueued);
    Check.positive("keepAliveMs", keepAliveMs);
    Check.positive("maxBodyBytes", maxBodyBytes);
    Check.notNegative("maxRetriedBodyBytes", maxRetriedBodyBytes);
    Check.that(maxHeldBytes >= maxBodyBytes, "maxHeldBytes", "at least max_body_bytes");
    Check.positive("probeIntervalMs", probeIntervalMs);
    Check.positive("probeTimeoutMs", probeTimeoutMs);
    Check.positive("failuresToDown", failuresToDown);
    Check.notNegative("quorum", quorum);
    Check.positive("updateTimeoutS", updateTimeoutS);
    Check.positive("pauseTimeoutS", pauseTimeoutS);
    Check.that(drainTimeoutS >= 0 && drainTimeoutS <= 50, "drainTimeoutS", "0 to 50");
  }

  private static void requireAvailable(Sockets sockets) {
    if (sockets == Sockets.AUTO) { // Whose libraries need not be loaded before the front starts.
      return;
    }
    sockets
        .api()
        .obstacle()
        .ifPresent(
            cause -> {
              throw new IllegalArgumentException(
                  "sockets: this host does not have %s (%s): expected auto, which takes what it has"
                      .formatted(sockets.name().toLowerCase(Locale.ROOT), OneLine.of(cause)));
            });
  }

  private static void requireKind(String kind) {
    try {
      var _ = Dialects.named(kind);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("kubernetesKind: " + e.getMessage(), e);
    }
  }

  RelayLimits limits() {
    return new RelayLimits(
        Duration.ofMillis(connectTimeoutMs),
        Duration.ofSeconds(firstByteTimeoutS),
        Duration.ofSeconds(idleTimeoutS),
        Duration.ofSeconds(queueTimeoutS),
        maxQueued,
        Duration.ofMillis(keepAliveMs),
        maxRetriedBodyBytes,
        maxHeldBytes);
  }

  /** How the fleet is updated and looked after. */
  FleetOptions fleet() {
    Duration update = Duration.ofSeconds(updateTimeoutS);
    return new FleetOptions(
        new PhaseDeadlines(
            update, Duration.ofSeconds(pauseTimeoutS), update, Duration.ofMillis(probeTimeoutMs)),
        quorum,
        Duration.ofMillis(probeIntervalMs),
        Duration.ofSeconds(queueTimeoutS),
        journalFile());
  }

  private Optional<Path> journalFile() {
    if (!journal.isEmpty()) {
      return Optional.of(Path.of(journal));
    }
    return port == 0
        ? Optional.empty()
        : Optional.of(Path.of("runs", "front-" + port, "updates.jsonl"));
  }
}
