package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import dev.freshet.process.StallRecorder;
import dev.freshet.router.Router;
import dev.freshet.router.RouterConfig;
import dev.freshet.trace.ThreadPriority;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code freshet route}: the front of a fleet. */
@Command(
    name = "route",
    mixinStandardHelpOptions = true,
    description =
        "Relay requests to several inference servers, and update them as one: one address for"
            + " clients, weight operations on another listener.")
final class RouteCommand extends RunningCommand {
  /** The packages whose logs the command shows. */
  private static final String ROLE = "router";

  private static final Set<String> PACKAGES =
      Set.of("dev.freshet.router", "dev.freshet.http", "dev.freshet.client", "dev.freshet.fleet");

  @Option(
      names = "--upstream",
      paramLabel = "URL[=KIND[@ADMIN]]",
      description =
          "A server behind the front; may be repeated. Kinds: freshet (default), vllm, vllm-lora,"
              + " sglang, prime-rl; ADMIN is the root URL of a Freshet server's admin listener."
              + " +HERE:THERE after it where the server's host sees directory HERE of this host at"
              + " another path (default: router.upstreams).")
  private List<String> upstreams = List.of();

  @Option(
      names = "--upstreams-file",
      paramLabel = "FILE",
      description =
          "File with further servers, one a line, read again when it changes (default:"
              + " router.upstreams_file).")
  private Optional<String> upstreamsFile = Optional.empty();

  @Option(
      names = "--policy",
      paramLabel = "NAME",
      description =
          "sticky_least_loaded, least_loaded, round_robin or prefix (default: router.policy).")
  private Optional<String> policy = Optional.empty();

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Address of the data listener (default: router.host).")
  private Optional<String> host = Optional.empty();

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port of the data listener; 0 for any free one (default: router.port).")
  private Optional<String> port = Optional.empty();

  @Option(
      names = "--admin-host",
      paramLabel = "ADDRESS",
      description = "Address of the admin listener (default: router.admin_host).")
  private Optional<String> adminHost = Optional.empty();

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description = "Port of the admin listener; 0 for any free one (default: router.admin_port).")
  private Optional<String> adminPort = Optional.empty();

  @Option(
      names = "--admin-token-file",
      paramLabel = "FILE",
      description =
          "File whose first line admin requests must carry as a bearer token (default:"
              + " router.admin_token_file).")
  private Optional<String> adminTokenFile = Optional.empty();

  @Option(
      names = "--shutdown-timeout",
      paramLabel = "S",
      description =
          "Seconds that running answers may take after SIGTERM (default: router.drain_timeout_s).")
  private Optional<String> shutdownTimeout = Optional.empty();

  @Mixin private KeyOptions keys = new KeyOptions();

  @Mixin private HttpOptions http = new HttpOptions();

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException {
    FreshetConfig config = options.load(overrides());
    if (options.dryRun()) {
      return options.print(config);
    }
    requireUpstreams(config.router());
    Logs.toConsole(ROLE, PACKAGES);
    ThreadPriority.lowerCompilers();
    try (StallRecorder _ =
            Roles.stalls(ROLE, config, StallRecorder.OtherRoles.NONE, Roles.reportsWithoutRun());
        Router router =
            Router.start(
                config.router(),
                keys.with(config.router().apiKeyFile()),
                config.http(),
                MetricsRegistry.withJvm(),
                Logs.events(ROLE))) {
      System.out.printf(
          "freshet route: %s%n  requests %s%n  admin    %s%n",
          config.router().policy().wireName(), router.dataUrl(), router.adminUrl());
      lifetime.awaitStop();
    }
    return Lifetime.STOPPED;
  }

  private static void requireUpstreams(RouterConfig router) {
    if (router.upstreams().isEmpty()
        && router.upstreamsFile().isEmpty()
        && router.kubernetesService().isEmpty()) {
      throw new ConfigException(
          "route: expected --upstream URL, --upstreams-file FILE or --router.kubernetes_service"
              + " NAMESPACE/NAME: there is no server to relay to");
    }
  }

  /** The options of this command as overrides of the configuration. */
  private Map<String, String> overrides() {
    Map<String, String> overrides = new LinkedHashMap<>();
    if (!upstreams.isEmpty()) {
      overrides.put("router.upstreams", String.join(",", upstreams));
    }
    upstreamsFile.ifPresent(file -> overrides.put("router.upstreams_file", file));
    policy.ifPresent(name -> overrides.put("router.policy", name));
    host.ifPresent(address -> overrides.put("router.host", address));
    port.ifPresent(number -> overrides.put("router.port", number));
    adminHost.ifPresent(address -> overrides.put("router.admin_host", address));
    adminPort.ifPresent(number -> overrides.put("router.admin_port", number));
    adminTokenFile.ifPresent(file -> overrides.put("router.admin_token_file", file));
    overrides.putAll(http.overrides());
    shutdownTimeout.ifPresent(s -> overrides.put("router.drain_timeout_s", s));
    keys.file().ifPresent(file -> overrides.put("router.api_key_file", file));
    return overrides;
  }
}
