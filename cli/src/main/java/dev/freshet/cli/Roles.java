package dev.freshet.cli;

import dev.freshet.client.RemoteWaits;
import dev.freshet.config.ConfigException;
import dev.freshet.config.ConfigLoader;
import dev.freshet.dashboard.Dashboard;
import dev.freshet.environments.Demonstration;
import dev.freshet.environments.EnvironmentMix;
import dev.freshet.environments.Environments;
import dev.freshet.environments.PromptFormat;
import dev.freshet.http.StatusListener;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.orchestrator.Orchestrator;
import dev.freshet.orchestrator.OrchestratorConfig;
import dev.freshet.orchestrator.OrchestratorMetrics;
import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import dev.freshet.process.RunDirectory;
import dev.freshet.process.StallRecorder;
import dev.freshet.process.Terminal;
import dev.freshet.rollouts.RunJournal;
import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import dev.freshet.trainer.BaseModel;
import dev.freshet.trainer.Example;
import dev.freshet.trainer.TrainerLoop;
import dev.freshet.trainer.TrainerMetrics;
import dev.freshet.wire.AdminTokenFile;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Makes the parts of each role from the configuration of a run. */
final class Roles {
  /** The role to whose log each package writes. */
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

  /** Tells the date to chat templates that ask for it. */
  private static final Clock CLOCK = Clock.system(ZoneId.systemDefault());

  private Roles() {}

  /**
   * The orchestrator of a run over the tokenizer of its model.
   *
   * @param environments the caller closes them
   * @param mostTokens of a rollout
   * @param journal the caller closes it
   */
  static Orchestrator orchestrator(
      FreshetConfig config,
      OrchestratorConfig servers,
      RunDirectory run,
      EnvironmentMix environments,
      Tokenizer tokenizer,
      int mostTokens,
      RunJournal journal,
      MetricsFile file,
      MetricsRegistry registry,
      RunConsole console) {
    return new Orchestrator(
        servers,
        servers.advantage().of(config.trainer().algorithm().algorithm().advantage()),
        config.run().steps(),
        config.run().seed(),
        environments,
        PromptFormat.of(Runs.weights(run).path(0), tokenizer, CLOCK),
        mostTokens,
        servers.published(Runs.weights(run)),
        Runs.batches(run),
        journal,
        file,
        new OrchestratorMetrics(registry),
        Logs.events("orchestrator"),
        console::show);
  }

  /** The trainer of a run. */
  static TrainerLoop trainer(
      FreshetConfig config,
      RunDirectory run,
      boolean resume,
      MetricsFile file,
      TrainerMetrics metrics) {
    return new TrainerLoop(
        config.trainer(),
        config.run().steps(),
        resume,
        Runs.weights(run),
        Runs.checkpoints(run),
        Runs.batches(run),
        Logs.events("trainer"),
        file,
        metrics);
  }

  /** Makes and publishes the base model of a run; returns false if stopped before. */
  static boolean makeBaseModel(
      FreshetConfig config,
      RunDirectory run,
      MetricsFile file,
      TrainerMetrics metrics,
      Lifetime lifetime,
      Terminal terminal) {
    CharTokenizer characters = new CharTokenizer(config.environment().alphabet());
    BaseModel base =
        new BaseModel(
            config.model(),
            new BaseModel.Vocabulary(
                characters.vocabSize(), List.of(CharTokenizer.EOS), characters.files()),
            config.sft(),
            config.trainer(),
            config.run().seed());
    String path = config.model().path();
    try (Tokenizer tokenizer =
            path.isEmpty()
                ? Tokenizer.parse(base.tokenizer(), "of the base model")
                : Tokenizer.load(Path.of(path));
        EnvironmentMix environments = environments(config)) {
      PromptFormat format =
          path.isEmpty()
              ? PromptFormat.plain(tokenizer, "the decoder that is created")
              : PromptFormat.of(Path.of(path), tokenizer, CLOCK);
      return base.publish(
          index -> example(environments.next(), format),
          lifetime::stopping,
          (step, loss) ->
              terminal.progress("warm-up", step, config.sft().steps(), "loss %.3f", loss),
          Runs.weights(run),
          Logs.events("trainer"),
          file,
          metrics);
    }
  }

  private static Example example(EnvironmentMix.Draw draw, PromptFormat format) {
    Demonstration shown =
        draw.environment()
            .demonstration(draw.index())
            .orElseThrow(
                () ->
                    new ConfigException(
                        "sft.steps: expected 0: environment %s has no demonstrations"
                            .formatted(draw.environment().name())));
    return Example.supervised(format.open(shown.messages()), format.answer(shown.answer()));
  }

  /** The environments of a run; the caller closes them. */
  static EnvironmentMix environments(FreshetConfig config) {
    return Environments.open(config.environment(), config.run().seed());
  }

  /** The roles that {@code freshet orchestrate} can ask: the servers and the trainer. */
  static StallRecorder.OtherRoles othersOfOrchestrator(FreshetConfig config) {
    return new RemoteWaits(
            withServers(config, config.trainer().httpHost(), config.trainer().httpPort()),
            AdminTokenFile.read(config.orchestrator().adminTokenFile()))
        ::ask;
  }

  /**
   * The roles that {@code freshet train} can ask: the orchestrator, and servers without a token.
   */
  static StallRecorder.OtherRoles othersOfTrainer(FreshetConfig config) {
    return new RemoteWaits(
            withServers(config, config.orchestrator().httpHost(), config.orchestrator().httpPort()),
            Optional.empty())
        ::ask;
  }

  private static List<URI> withServers(FreshetConfig config, String host, int port) {
    List<URI> listeners = new ArrayList<>();
    config.orchestrator().replicas().forEach(server -> listeners.add(server.address().admin()));
    if (port > 0) { // Port 0 is any free port, which only that role knows.
      listeners.add(
          URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port));
    }
    return listeners;
  }

  /** The recorder of stalls of the roles in this process. */
  static StallRecorder stalls(
      String role, FreshetConfig config, StallRecorder.OtherRoles others, Path reports) {
    return new StallRecorder(role, ConfigLoader.toToml(config), others, reports, Logs.recent());
  }

  /** The directory for records of stalls of a process without a run directory. */
  static Path reportsWithoutRun() {
    return Path.of(
        System.getProperty("java.io.tmpdir"), "freshet-" + ProcessHandle.current().pid());
  }

  /** Exports the spans of weight updates if the configuration names a collector. */
  static void exportSpans(FreshetConfig config) {
    String endpoint = config.telemetry().otlpEndpoint();
    if (!endpoint.isEmpty()) {
      Logs.exportSpans(URI.create(endpoint));
    }
  }

  /** The listener of a role that is not an inference server. */
  static StatusListener status(
      String host, int port, FreshetConfig config, MetricsRegistry registry, Dashboard dashboard) {
    return StatusListener.start(
        new InetSocketAddress(host, port), config.http(), registry, Optional.of(dashboard.page()));
  }

  /** The dashboard of {@code role}. */
  static Dashboard dashboard(String role, FreshetConfig config, RunDirectory run) {
    return new Dashboard(
        new Dashboard.Run(
            role,
            run.name(),
            OptionalLong.of(config.run().steps()),
            OptionalInt.of(config.orchestrator().asyncLevel())));
  }
}
