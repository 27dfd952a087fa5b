package dev.freshet.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code freshet serve}: the inference server on the embedded engine. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = "Serve a model: completions on one listener, weight updates on another.")
final class ServeCommand extends RunningCommand {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Hugging Face model directory.")
  private Path model = Path.of("");

  @Option(names = "--host", paramLabel = "ADDRESS", description = "Address of the data listener.")
  private Optional<String> host = Optional.empty();

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port of the data listener; 0 for any free one.")
  private Optional<String> port = Optional.empty();

  @Option(
      names = "--admin-host",
      paramLabel = "ADDRESS",
      description = "Address of the admin listener.")
  private Optional<String> adminHost = Optional.empty();

  @Option(
      names = "--admin-token-file",
      paramLabel = "FILE",
      description = "File whose first line weight operations must carry as a bearer token.")
  private Optional<String> adminTokenFile = Optional.empty();

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description = "Port of the admin listener; 0 for any free one.")
  private Optional<String> adminPort = Optional.empty();

  @Mixin ConfigOptions options = new ConfigOptions();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException {
    FreshetConfig config = options.load(listeners());
    if (options.dryRun()) {
      return options.print(config);
    }
    if (config.run().dir().isEmpty()) {
      Logs.toConsole("inference");
    } else {
      RunDirectory run = RunDirectory.of(config);
      run.createLogs();
      Logs.toRun(run, "inference");
    }
    try (InferenceServer server =
        InferenceServer.start(model, config.inference(), Logs.events("inference"))) {
      System.out.printf(
          "freshet serve: %s%n  completions %s%n  admin       %s%n",
          model, server.dataUrl(), server.adminUrl());
      lifetime.awaitStop();
    }
    return Main.STOPPED;
  }

  /** The options of this command as overrides of the configuration. */
  private Map<String, String> listeners() {
    Map<String, String> overrides = new LinkedHashMap<>();
    host.ifPresent(address -> overrides.put("inference.host", address));
    port.ifPresent(number -> overrides.put("inference.port", number));
    adminHost.ifPresent(address -> overrides.put("inference.admin_host", address));
    adminTokenFile.ifPresent(file -> overrides.put("inference.admin_token_file", file));
    adminPort.ifPresent(number -> overrides.put("inference.admin_port", number));
    return overrides;
  }
}
