package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.fleet.Dialect;
import dev.freshet.fleet.UpdateByHand;
import dev.freshet.process.Lifetime;
import dev.freshet.wire.AdminTokenFile;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import dev.freshet.wire.WireException;
import java.net.URI;
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
    description = "Have inference servers serve other weights, and show where the time went.")
final class UpdateCommand extends RunningCommand {
  @Option(
      names = "--server",
      required = true,
      split = ",",
      paramLabel = "URL",
      description = "Root of a server's admin listener, as http://127.0.0.1:8001; several at once.")
  private List<URI> servers = new ArrayList<>();

  @Option(
      names = "--backend",
      paramLabel = "KIND",
      description = "Which program the servers are: freshet, vllm, sglang or prime-rl.")
  private String backend = "freshet";

  @Option(
      names = "--weights",
      paramLabel = "DIR",
      description = "Published checkpoint, as this host and the servers see it.")
  private Optional<Path> weights = Optional.empty();

  @Option(
      names = "--step",
      paramLabel = "N",
      description =
          "Policy version it becomes; by default what its manifest says, of Freshet's servers alone.")
  private Optional<Long> step = Optional.empty();

  @Option(
      names = "--mode",
      paramLabel = "MODE",
      description = "What running completions do: keep, recompute, drain or abort.")
  private String mode = UpdateMode.KEEP.wireName();

  @Option(
      names = "--phase",
      paramLabel = "PHASE",
      description = "How far to go: all, prepare, commit or rollback.")
  private String phase = UpdatePhase.ALL.wireName();

  @Option(
      names = "--verify",
      paramLabel = "LEVEL",
      description = "What Freshet's servers check: full, or size for all but the tensors' content.")
  private String verify = VerifyLevel.FULL.wireName();

  @Option(names = "--force", description = "Also if Freshet's servers have a newer version.")
  private boolean force;

  @Option(
      names = "--within",
      paramLabel = "SECONDS",
      description = "Deadline, further tries included.")
  private long withinS = 600;

  @Option(
      names = "--admin-token-file",
      paramLabel = "FILE",
      description = "File with the servers' admin token.")
  private String tokenFile = "";

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException {
    Dialect dialect = BackendOption.dialect(backend);
    UpdateWeightsRequest request = request(dialect);
    Duration within = Duration.ofSeconds(withinS);
    lifetime.onStop(Thread.currentThread()::interrupt);
    try (UpdateByHand update = updateOf(dialect, within)) {
      UpdateByHand.Outcome outcome = update.run(request);
      outcome.table().ifPresent(System.out::println);
      outcome.failures().forEach(failure -> System.err.println("freshet: " + failure));
      return outcome.failures().isEmpty() ? 0 : 1;
    } catch (InterruptedException e) {
      if (lifetime.stopping()) {
        return Lifetime.STOPPED;
      }
      throw e;
    }
  }

  private UpdateByHand updateOf(Dialect dialect, Duration within) {
    try {
      return new UpdateByHand(servers, dialect, AdminTokenFile.read(tokenFile), within);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("--server: " + e.getMessage());
    }
  }

  private UpdateWeightsRequest request(Dialect dialect) {
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
      dialect.check(request);
      return request;
    } catch (WireException e) {
      throw new ConfigException("--" + e.getMessage().replace("weight_dir", "weights"));
    }
  }
}
