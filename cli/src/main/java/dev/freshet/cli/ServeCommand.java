package dev.freshet.cli;

import dev.freshet.dashboard.Dashboard;
import dev.freshet.http.LivePage;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import dev.freshet.process.RunDirectory;
import dev.freshet.process.StallRecorder;
import dev.freshet.server.InferenceServer;
import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.ThreadPriority;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code freshet serve}: the inference server. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = "Serve a model: completions on one listener, weight updates on another.")
final class ServeCommand extends RunningCommand {
  private static final double MAX_RATE = 1000;

  /** The engine that makes the tokens. */
  private enum EngineKind {
    embedded,
    synthetic
  }

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description =
          "Hugging Face model directory (required for the embedded engine; the synthetic one reads"
              + " only its tokenizer, default: characters of environment.alphabet).")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--engine",
      paramLabel = "KIND",
      description =
          "embedded, or synthetic: tokens at a fixed rate, without a model (default: embedded).")
  private EngineKind engine = EngineKind.embedded;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description =
          "Tokens a second that the synthetic engine makes for each completion (default: 20).")
  private double rate = 20;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Address of the data listener (default: inference.host).")
  private Optional<String> host = Optional.empty();

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port of the data listener; 0 for any free one (default: inference.port).")
  private Optional<String> port = Optional.empty();

  @Option(
      names = "--admin-host",
      paramLabel = "ADDRESS",
      description = "Address of the admin listener (default: inference.admin_host).")
  private Optional<String> adminHost = Optional.empty();

  @Option(
      names = "--admin-token-file",
      paramLabel = "FILE",
      description =
          "File whose first line weight operations must carry as a bearer token (default: inference.admin_token_file).")
  private Optional<String> adminTokenFile = Optional.empty();

  @Mixin private KeyOptions keys = new KeyOptions();

  @Mixin private HttpOptions http = new HttpOptions();

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description =
          "Port of the admin listener; 0 for any free one (default: inference.admin_port).")
  private Optional<String> adminPort = Optional.empty();

  @Option(
      names = "--shutdown-timeout",
      paramLabel = "S",
      description =
          "Seconds that running completions may take after SIGTERM (default:"
              + " inference.drain_timeout_s).")
  private Optional<String> shutdownTimeout = Optional.empty();

  @Option(
      names = "--strict",
      description =
          "Refuse checkpoints with tensors that the model does not have (default: inference.strict_weights).")
  private boolean strict;

  @Option(
      names = "--tool-call-parser",
      paramLabel = "NAME",
      description =
          "How the model writes tool calls: auto, hermes, llama3_json or none (default: inference.tool_call_parser).")
  private Optional<String> toolCallParser = Optional.empty();

  @Option(
      names = "--reasoning-parser",
      paramLabel = "NAME",
      description =
          "How the model writes its reasoning: none, deepseek_r1 or qwen3 (default: inference.reasoning_parser).")
  private Optional<String> reasoningParser = Optional.empty();

  @Option(
      names = "--sessions-dir",
      paramLabel = "DIR",
      description =
          "Directory of the capture files of agents' sessions (default: inference.sessions_dir).")
  private Optional<String> sessionsDir = Optional.empty();

  @Mixin ConfigOptions options = new ConfigOptions();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException {
    requireOptions();
    FreshetConfig config = options.load(overrides());
    if (options.dryRun()) {
      return options.print(config);
    }
    if (config.run().dir().isEmpty()) {
      Logs.toConsole("inference", Roles.PACKAGES.keySet());
    } else {
      RunDirectory run = Runs.of(config);
      run.createLogs();
      Logs.toRun(run, Roles.PACKAGES, "inference");
    }
    lifetime.extend(Duration.ofSeconds(config.inference().drainTimeoutS()));
    Roles.exportSpans(config);
    try (StallRecorder _ =
            Roles.stalls("inference", config, StallRecorder.OtherRoles.NONE, reports(config));
        Dashboard dashboard = new Dashboard(described(config));
        InferenceServer server = start(config, dashboard)) {
      System.out.printf(
          "freshet serve: %s%n  completions %s%n  admin       %s%n  dashboard   %s/%n",
          model.map(Path::toString).orElse("no model"),
          server.dataUrl(),
          server.adminUrl(),
          server.adminUrl());
      dashboard.lines(() -> List.of(server.load()));
      if (!config.run().dir().isEmpty()) {
        dashboard.follow(Runs.files(Runs.of(config), config, server.tokenizer()));
      }
      server.onFailure(lifetime::stop);
      try {
        lifetime.awaitStop();
        server.requireNoFailure();
      } finally {
        dashboard.close(); // It reads with the server's tokenizer.
      }
    }
    return Lifetime.STOPPED;
  }

  /** The directory for records of stalls: in the run, or a temporary one. */
  private static Path reports(FreshetConfig config) {
    return config.run().dir().isEmpty() ? Roles.reportsWithoutRun() : Runs.of(config).reports();
  }

  /** The dashboard's title: the run or the model. */
  private Dashboard.Run described(FreshetConfig config) {
    String name =
        config.run().dir().isEmpty()
            ? model.map(Path::toString).orElse("synthetic engine")
            : Runs.of(config).name();
    return new Dashboard.Run("inference", name, OptionalLong.empty(), OptionalInt.empty());
  }

  private InferenceServer start(FreshetConfig config, Dashboard dashboard) {
    EventLog events = Logs.events("inference");
    MetricsRegistry registry = MetricsRegistry.withJvm();
    Optional<LivePage> page = Optional.of(dashboard.page());
    ThreadPriority.lowerCompilers();
    return switch (engine) {
      case embedded ->
          InferenceServer.start(
              model.orElseThrow(),
              config.inference(),
              keys.with(config.inference().apiKeyFile()),
              config.http(),
              events,
              registry,
              page);
      case synthetic ->
          InferenceServer.synthetic(
              model.map(Tokenizer::load).orElseGet(() -> characters(config)),
              rate,
              config.inference(),
              keys.with(config.inference().apiKeyFile()),
              config.http(),
              events,
              registry,
              page);
    };
  }

  private static Tokenizer characters(FreshetConfig config) {
    CharTokenizer characters = new CharTokenizer(config.environment().alphabet());
    return Tokenizer.parse(
        Objects.requireNonNull(characters.files().get("tokenizer.json")),
        "of environment.alphabet");
  }

  private void requireOptions() {
    if (engine == EngineKind.embedded && model.isEmpty()) {
      throw new ParameterException(commandLine(), "Missing required option: '--model=DIR'");
    }
    if (!(rate > 0 && rate <= MAX_RATE)) {
      throw new ParameterException(
          commandLine(), "--rate %s: expected above 0 and at most %.0f".formatted(rate, MAX_RATE));
    }
  }

  private CommandLine commandLine() {
    return Objects.requireNonNull(spec, "a command that picocli made").commandLine();
  }

  /** The options of this command as overrides of the configuration. */
  private Map<String, String> overrides() {
    Map<String, String> overrides = new LinkedHashMap<>();
    host.ifPresent(address -> overrides.put("inference.host", address));
    port.ifPresent(number -> overrides.put("inference.port", number));
    adminHost.ifPresent(address -> overrides.put("inference.admin_host", address));
    adminTokenFile.ifPresent(file -> overrides.put("inference.admin_token_file", file));
    overrides.putAll(http.overrides());
    keys.file().ifPresent(file -> overrides.put("inference.api_key_file", file));
    adminPort.ifPresent(number -> overrides.put("inference.admin_port", number));
    toolCallParser.ifPresent(name -> overrides.put("inference.tool_call_parser", name));
    reasoningParser.ifPresent(name -> overrides.put("inference.reasoning_parser", name));
    shutdownTimeout.ifPresent(s -> overrides.put("inference.drain_timeout_s", s));
    sessionsDir.ifPresent(dir -> overrides.put("inference.sessions_dir", dir));
    if (strict) {
      overrides.put("inference.strict_weights", "true");
    }
    return overrides;
  }
}
