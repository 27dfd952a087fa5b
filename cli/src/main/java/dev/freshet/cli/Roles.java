package dev.freshet.cli;

import dev.freshet.cli.dashboard.Dashboard;
import dev.freshet.inference.front.StatusListener;
import dev.freshet.orchestrator.Advantage;
import dev.freshet.orchestrator.OrchestratorConfig;
import dev.freshet.orchestrator.ServerAddress;
import dev.freshet.trace.metrics.MetricsRegistry;
import dev.freshet.trainer.OptimizerConfig;
import dev.freshet.trainer.TrainerConfig;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** A run's configuration in the terms of each role. */
final class Roles {
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
  static OtherRoles othersOfOrchestrator(FreshetConfig config) {
    return new OtherRoles(
        withServers(config, config.trainer().httpHost(), config.trainer().httpPort()),
        AdminTokenFile.read(config.orchestrator().adminTokenFile()));
  }

  /** Whom {@code freshet train} can ask: the orchestrator and servers that ask for no token. */
  static OtherRoles othersOfTrainer(FreshetConfig config) {
    return new OtherRoles(
        withServers(config, config.orchestrator().httpHost(), config.orchestrator().httpPort()),
        Optional.empty());
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
        t.loss().lossName(),
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
