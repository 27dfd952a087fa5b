package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.fleet.ReplicaSpec;
import dev.freshet.fleet.UpdateByHand;
import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import dev.freshet.wire.AdminTokenFile;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import dev.freshet.wire.WireException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code freshet update}: one weight update by hand, with its timings. */
@Command(
    name = "update",
    mixinStandardHelpOptions = true,
    description = "Update the weights of inference servers and show where the time went.")
final class UpdateCommand extends RunningCommand {
  private static final String ROLE = "freshet";

  @Option(
      names = "--server",
      required = true,
      split = ",",
      paramLabel = "URL",
      description =
          "Root URLs of the servers' admin listeners, such as http://127.0.0.1:8001, separated by"
              + " commas (required). URL=KIND names another program than --backend, and"
              + " +HERE:THERE after it where the server's host sees directory HERE of this host at"
              + " another path. Several servers are updated as one transaction if --step is given.")
  private List<String> servers = new ArrayList<>();

  @Option(
      names = "--backend",
      paramLabel = "KIND",
      description =
          "Program that the servers run: freshet, vllm, vllm-lora, sglang, prime-rl or dynamo"
              + " (default: freshet).")
  private String backend = "freshet";

  @Option(
      names = "--weights",
      paramLabel = "DIR",
      description =
          "Directory of the published checkpoint, at the same path on this host and the servers, or"
              + " where --server says that they see it (default: none, for the phases commit and rollback).")
  private Optional<Path> weights = Optional.empty();

  @Option(
      names = "--step",
      paramLabel = "N",
      description =
          "Policy version of the weights (default: the version in the checkpoint's manifest;"
              + " required for other programs than freshet).")
  private Optional<Long> step = Optional.empty();

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description =
          "What happens to running completions: keep, recompute, drain or abort (default: keep).")
  private String mode = UpdateMode.KEEP.wireName();

  @Option(
      names = "--phase",
      paramLabel = "PHASE",
      description =
          "Part of the update to carry out: all, prepare, commit or rollback (default: all).")
  private String phase = UpdatePhase.ALL.wireName();

  @Option(
      names = "--verify",
      paramLabel = "LEVEL",
      description =
          "What is verified before the swap or the pause: full, or size for everything but the"
              + " content of tensors (default: full).")
  private String verify = VerifyLevel.FULL.wireName();

  @Option(
      names = "--force",
      description =
          "Update even if Freshet servers serve a newer version, or if the tensors may differ from"
              + " those of the model that another program serves (default: off).")
  private boolean force;

  @Option(
      names = "--within",
      paramLabel = "SECONDS",
      description = "Deadline of each phase, including retries (default: 600).")
  private long withinS = 600;

  @Option(
      names = "--admin-token-file",
      paramLabel = "FILE",
      description = "File whose first line is the servers' admin token (default: none).")
  private String tokenFile = "";

  @Option(
      names = "--journal",
      paramLabel = "FILE",
      description =
          "File of the transactions: an update that was interrupted is finished or undone before"
              + " the next one (default: none).")
  private Optional<Path> journal = Optional.empty();

  @Option(
      names = "--compare",
      description =
          "Compare the weights of all servers afterwards, by the checksums that vLLM computes;"
              + " generation is held while it does (default: off).")
  private boolean compare;

  @Option(
      names = "--log",
      paramLabel = "FILE",
      description =
          "File to which the update's events and messages are appended, for freshet analyze"
              + " (default: none).")
  private Optional<Path> log = Optional.empty();

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException {
    Dialect dialect = BackendOption.dialect(backend);
    List<ReplicaSpec> specs = specs(dialect);
    UpdateWeightsRequest request = request(specs);
    Duration within = Duration.ofSeconds(withinS);
    lifetime.onStop(Thread.currentThread()::interrupt);
    log.ifPresent(file -> Logs.toFile(ROLE, file, Roles.PACKAGES.keySet()));
    UpdateByHand update =
        new UpdateByHand(
            specs, AdminTokenFile.read(tokenFile), within, journal, compare, Logs.events(ROLE));
    UpdateByHand.Outcome outcome = update.run(request);
    outcome.inspection().ifPresent(System.out::println);
    outcome.table().ifPresent(System.out::println);
    outcome.notes().forEach(note -> System.err.println("freshet: note: " + note));
    outcome.failures().forEach(failure -> System.err.println("freshet: " + failure));
    return outcome.failures().isEmpty() ? 0 : 1;
  }

  private List<ReplicaSpec> specs(Dialect dialect) {
    try {
      List<ReplicaSpec> specs =
          servers.stream().map(text -> ReplicaSpec.ofAdmin(text, dialect)).toList();
      if (specs.stream().map(ReplicaSpec::address).distinct().count() < specs.size()) {
        throw new ConfigException(
            "--server %s: expected every URL only once".formatted(String.join(",", servers)));
      }
      return specs;
    } catch (IllegalArgumentException e) {
      throw new ConfigException("--server: " + e.getMessage());
    }
  }

  private UpdateWeightsRequest request(List<ReplicaSpec> specs) {
    if (withinS < 1) {
      throw new ConfigException("--within %d: expected at least 1".formatted(withinS));
    }
    try {
      UpdateWeightsRequest request =
          new UpdateWeightsRequest(
              weights.map(dir -> dir.toAbsolutePath().normalize().toString()),
              step.map(OptionalLong::of).orElseGet(OptionalLong::empty),
              UpdateMode.of(mode),
              UpdatePhase.of(phase),
              VerifyLevel.of(verify),
              force);
      specs.forEach(spec -> spec.dialect().check(request));
      return request;
    } catch (WireException e) {
      throw new ConfigException("--" + e.getMessage().replace("weight_dir", "weights"));
    }
  }
}
