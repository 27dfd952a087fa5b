package dev.freshet.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
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

  @Option(names = "--host", paramLabel = "ADDRESS", description = "Address of both listeners.")
  private @Nullable String host;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port of the data listener; 0 for any free one.")
  private @Nullable Integer port;

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description = "Port of the admin listener; 0 for any free one.")
  private @Nullable Integer adminPort;

  @Mixin ConfigOptions options = new ConfigOptions();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException {
    FreshetConfig config = options.load();
    if (options.dryRun()) {
      return options.print(config);
    }
    if (config.run().dir().isEmpty()) {
      Logs.toConsole("inference");
    } else {
      RunDirectory run = RunDirectory.of(config);
      run.createLogs();
      Logs.toRun(run);
    }
    try (InferenceServer server =
        InferenceServer.start(model, listeners(config.inference()), Logs.events("inference"))) {
      System.out.printf(
          "freshet serve: %s%n  completions %s%n  admin       %s%n",
          model, server.dataUrl(), server.adminUrl());
      lifetime.awaitStop();
    }
    return Main.STOPPED;
  }

  private FreshetConfig.Inference listeners(FreshetConfig.Inference config) {
    return new FreshetConfig.Inference(
        Optional.ofNullable(host).orElse(config.host()),
        Optional.ofNullable(port).orElse(config.port()),
        Optional.ofNullable(adminPort).orElse(config.adminPort()),
        config.modelName(),
        config.maxSequences(),
        config.maxModelLen(),
        config.maxWaiting(),
        config.prefillTokens(),
        config.threads(),
        config.dtype());
  }
}
