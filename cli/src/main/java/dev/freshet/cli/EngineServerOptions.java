package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.lab.ServeProcess;
import dev.freshet.lab.engine.EngineLoad;
import dev.freshet.lab.engine.MeasuredServer;
import dev.freshet.lab.engine.ModelCard;
import dev.freshet.lab.engine.ServedCheckpoint;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** The options for the servers that a benchmark of engines measures. */
final class EngineServerOptions {
  /** The name of a server that the benchmark starts. */
  private static final String FRESHET = "freshet";

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description =
          "Checkpoint to serve; with --server: the one it serves, whose vocabulary prompts are"
              + " drawn from (default: the directory that the server reports).")
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--server",
      paramLabel = "URL",
      description =
          "Measure a running server of any program instead of starting one: the root URL of its"
              + " data listener (default: none).")
  private Optional<URI> server = Optional.empty();

  @Option(
      names = "--admin",
      paramLabel = "URL",
      description =
          "With --server: root URL of the admin listener of a Freshet server, which reports the"
              + " share of linear layers (default: none).")
  private Optional<URI> admin = Optional.empty();

  @Option(
      names = "--beside",
      paramLabel = "URL",
      description =
          "A second running server of the same checkpoint, measured in turns with the first, for"
              + " ratios (default: none).")
  private Optional<URI> beside = Optional.empty();

  @Option(
      names = "--beside-process",
      paramLabel = "PID",
      description =
          "With --beside: the process of the second server; it and its children are stopped"
              + " (SIGSTOP) while the first is measured (default: none).")
  private Optional<Long> besideProcess = Optional.empty();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads of the server that is started (default: as many as the machine has processors).")
  private Optional<Integer> threads = Optional.empty();

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description =
          "Type that the server that is started computes in: float32, bfloat16 or float16 (default:"
              + " as stored).")
  private Optional<String> dtype = Optional.empty();

  @Option(
      names = "--server-options",
      split = " ",
      paramLabel = "OPTIONS",
      description =
          "Further options of freshet serve for the server that is started, separated by spaces"
              + " (default: none).")
  private List<String> serverOptions = List.of();

  /** Checks that the options fit together. */
  void require() {
    if (server.isPresent()) {
      if (threads.isPresent() || dtype.isPresent() || !serverOptions.isEmpty()) {
        throw new ConfigException(
            "--threads, --dtype and --server-options: expected only without --server, for the"
                + " server that is started");
      }
    } else {
      if (model.isEmpty()) {
        throw new ConfigException(
            "bench engine: expected --model DIR, the checkpoint to serve, or --server URL");
      }
      if (admin.isPresent()) {
        throw new ConfigException("--admin: expected only with --server");
      }
    }
    if (besideProcess.isPresent() && beside.isEmpty()) {
      throw new ConfigException("--beside-process: expected only with --beside");
    }
    threads.ifPresent(n -> LoadOptions.require(n >= 1, "--threads " + n, "at least 1"));
  }

  /**
   * The checkpoint, after asking the running servers whether they can carry out the load on it.
   *
   * @throws dev.freshet.client.AdminException if one cannot be asked
   */
  ServedCheckpoint checkpoint(EngineLoad load) {
    Optional<ModelCard> served = server.map(ModelCard::of);
    ServedCheckpoint checkpoint =
        ServedCheckpoint.read(
            model.or(() -> served.flatMap(ModelCard::directory)).orElseThrow(this::noDirectory));
    served.ifPresent(
        card -> card.require("--server " + server.orElseThrow(), checkpoint.dir(), load));
    beside.ifPresent(url -> ModelCard.of(url).require("--beside " + url, checkpoint.dir(), load));
    return checkpoint;
  }

  private ConfigException noDirectory() {
    return new ConfigException(
        "--server %s: does not report a model directory on this machine; expected --model DIR, whose vocabulary prompts are drawn from"
            .formatted(server.orElseThrow()));
  }

  /** The engine to start; empty with --server. */
  Optional<ServeProcess.Embedded> engine(EngineLoad load) {
    if (server.isPresent()) {
      return Optional.empty();
    }
    List<String> options = new ArrayList<>();
    dtype.ifPresent(type -> options.addAll(List.of("--inference.dtype", type)));
    options.addAll(serverOptions);
    return Optional.of(
        new ServeProcess.Embedded(
            load.mostCompletions(), load.contextTokens(), startedThreads(), options));
  }

  /**
   * The servers to measure.
   *
   * @param started the server that was started, if one was
   */
  List<MeasuredServer> servers(Optional<ServeProcess> started) {
    List<MeasuredServer> servers = new ArrayList<>();
    started.ifPresent(
        own ->
            servers.add(
                new MeasuredServer(
                    FRESHET,
                    own.dataUrl(),
                    Optional.of(own.adminUrl()),
                    Optional.of(own.handle()))));
    server.ifPresent(
        url -> servers.add(running(url, ModelCard.of(url).owner(), admin, Optional.empty())));
    beside.ifPresent(
        url -> {
          String owner = ModelCard.of(url).owner();
          boolean taken = servers.getFirst().name().equals(owner);
          servers.add(
              running(url, taken ? owner + "-2" : owner, Optional.empty(), besideProcess()));
        });
    return servers;
  }

  private static MeasuredServer running(
      URI url, String name, Optional<URI> metrics, Optional<ProcessHandle> process) {
    return new MeasuredServer(name, url, metrics, process);
  }

  private Optional<ProcessHandle> besideProcess() {
    return besideProcess.map(
        pid ->
            ProcessHandle.of(pid)
                .orElseThrow(
                    () ->
                        new ConfigException(
                            "--beside-process %d: no such process".formatted(pid))));
  }

  /** The type that the server which is started computes in. */
  Optional<String> dtype(ServedCheckpoint checkpoint) {
    return server.isPresent() ? Optional.empty() : dtype.or(() -> Optional.of(checkpoint.dtype()));
  }

  /** The threads of the server which is started. */
  OptionalInt threads() {
    return server.isPresent() ? OptionalInt.empty() : OptionalInt.of(startedThreads());
  }

  private int startedThreads() {
    return threads.orElseGet(() -> Runtime.getRuntime().availableProcessors());
  }
}
