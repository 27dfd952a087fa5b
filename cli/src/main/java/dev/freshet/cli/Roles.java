package dev.freshet.cli;

import dev.freshet.client.RemoteWaits;
import dev.freshet.config.ConfigLoader;
import dev.freshet.dashboard.Dashboard;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.http.StatusListener;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.orchestrator.Advantage;
import dev.freshet.orchestrator.OrchestratorConfig;
import dev.freshet.process.Logs;
import dev.freshet.process.RunDirectory;
import dev.freshet.process.StallRecorder;
import dev.freshet.trainer.OptimizerConfig;
import dev.freshet.trainer.TrainerConfig;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** A run's configuration in the terms of each role. */
final class Roles {
  /** The role whose log the loggers of a package write to. */
  static final Map<String, String> PACKAGES =
      Map.of(
          "dev.freshet.orchestrator", "orchestrator",
          "dev.freshet.environments", "orchestrator",
          "dev.freshet.fleet", "orchestrator",
          "dev.freshet.client", "orchestrator",
          "dev.freshet.engine", "inference",
          "dev.freshet.http", "inference",
          "dev.freshet.server", "inference",
          "dev.freshet.trainer", "trainer");

  private Roles() {}

  static OrchestratorConfig orchestrator(FreshetConfig config, List<ServerAddress> servers) {
    FreshetConfig.Orchestrator o = config.orchestrator();
    return new OrchestratorConfig(
        servers,
        AdminTokenFile.read(o.adminTokenFile()),
        o.groupSize(),
        o.groupsPerBatch(),
        o.asyncLevel(),
        config.run().steps(),
        o.maxInflightGroups(),
        o.temperature(),
        o.topP(),
        o.maxTokens(),
        o.filterZeroAdvantage(),
        Advantage.named(o.advantage().name().toLowerCase(Locale.ROOT)),
        o.evalProblems(),
        o.evalEvery(),
        o.evalTemperature(),
        o.startDeadlineS(),
        o.requestDeadlineS(),
        o.updateDeadlineS(),
        o.trainerDeadlineS(),
        config.run().seed());
  }

  /** The servers that the configuration names. */
  static List<ServerAddress> servers(FreshetConfig.Orchestrator config) {
    List<ServerAddress> servers = new ArrayList<>();
    for (int i = 0; i < config.servers().size(); i++) {
      servers.add(
          new ServerAddress(
              URI.create(config.servers().get(i)), URI.create(config.adminServers().get(i))));
    }
    return servers;
  }

  /** Whom {@code freshet orchestrate} can ask: the servers and, at its usual place, the trainer. */
  static StallRecorder.OtherRoles othersOfOrchestrator(FreshetConfig config) {
    return new RemoteWaits(
            withServers(config, config.trainer().httpHost(), config.trainer().httpPort()),
            AdminTokenFile.read(config.orchestrator().adminTokenFile()))
        ::ask;
  }

  /** Whom {@code freshet train} can ask: the orchestrator and servers that ask for no token. */
  static StallRecorder.OtherRoles othersOfTrainer(FreshetConfig config) {
    return new RemoteWaits(
            withServers(config, config.orchestrator().httpHost(), config.orchestrator().httpPort()),
            Optional.empty())
        ::ask;
  }

  private static List<URI> withServers(FreshetConfig config, String host, int port) {
    List<URI> listeners = new ArrayList<>();
    servers(config.orchestrator()).forEach(server -> listeners.add(server.admin()));
    if (port > 0) { // Else it is a free one, which only that role knows.
      listeners.add(
          URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port));
    }
    return listeners;
  }

  /** Records the stalls of the roles in this process. */
  static StallRecorder stalls(
      String role, FreshetConfig config, StallRecorder.OtherRoles others, Path reports) {
    return new StallRecorder(role, ConfigLoader.toToml(config), others, reports, Logs.recent());
  }

  /** Exports the spans of weight updates to the configured collector, if there is one. */
  static void exportSpans(FreshetConfig config) {
    String endpoint = config.telemetry().otlpEndpoint();
    if (!endpoint.isEmpty()) {
      Logs.exportSpans(URI.create(endpoint));
    }
  }

  /** The listener of a role that serves no completions. */
  static StatusListener status(
      String host, int port, MetricsRegistry registry, Dashboard dashboard) {
    return StatusListener.start(
        new InetSocketAddress(host, port), registry, Optional.of(dashboard.page()));
  }

  /** What {@code role} tells of the run to browsers. */
  static Dashboard dashboard(String role, FreshetConfig config, RunDirectory run) {
    return new Dashboard(
        new Dashboard.Run(
            role,
            run.name(),
            OptionalLong.of(config.run().steps()),
            OptionalInt.of(config.orchestrator().asyncLevel())));
  }

  static TrainerConfig trainer(FreshetConfig config) {
    FreshetConfig.Trainer t = config.trainer();
    return new TrainerConfig(
        config.run().steps(),
        t.loss(),
        t.packLength(),
        t.microRows(),
        t.threads(),
        t.keepWeights(),
        Duration.ofSeconds(t.batchDeadlineS()),
        new OptimizerConfig(
            t.lr(),
            t.warmupSteps(),
            0,
            t.beta1(),
            t.beta2(),
            t.eps(),
            t.weightDecay(),
            t.maxGradNorm()));
  }
}
