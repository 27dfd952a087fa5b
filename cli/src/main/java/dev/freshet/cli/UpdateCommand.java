package dev.freshet.cli;

import dev.freshet.cli.config.ConfigException;
import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.AdminToken;
import dev.freshet.client.RetriedUpdate;
import dev.freshet.client.ServerKind;
import dev.freshet.client.UpdateMode;
import dev.freshet.client.UpdatePhase;
import dev.freshet.client.UpdateWeightsRequest;
import dev.freshet.client.VerifyLevel;
import dev.freshet.client.WireException;
import dev.freshet.lab.UpdateTable;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code freshet update}: one weight update by hand, with its timings. */
@Command(
    name = "update",
    mixinStandardHelpOptions = true,
    description = "Have inference servers serve other weights, and show where the time went.")
final class UpdateCommand extends RunningCommand {
  private static final Logger LOG = LoggerFactory.getLogger(UpdateCommand.class);
  private static final int WARM_UP_CALLS = 500;
  private static final Duration WARM_UP_MOST = Duration.ofSeconds(1);

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
  private String backend = ServerKind.FRESHET.wireName();

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
    UpdateWeightsRequest request = request();
    Optional<AdminToken> token = AdminTokenFile.read(tokenFile);
    Map<String, FutureTask<AdminResult>> updates = new LinkedHashMap<>();
    for (URI server : servers) {
      AdminClient admin = client(server, token);
      lifetime.onStop(admin::close);
      updates.put(server.toString(), start(admin, request));
    }
    return report(updates);
  }

  /** Other programs are told the version, check in their own way and know no older ones. */
  private void requirePeersCan() {
    if (step.isEmpty()) {
      throw new ConfigException(
          "--backend %s: expected --step with the version that the checkpoint is"
              .formatted(backend));
    }
    if (force || !verify.equals(VerifyLevel.FULL.wireName())) {
      throw new ConfigException(
          "--backend %s: expected neither --verify nor --force".formatted(backend));
    }
  }

  private UpdateWeightsRequest request() {
    if (withinS < 1) {
      throw new ConfigException("--within %d: expected at least 1".formatted(withinS));
    }
    if (BackendOption.kind(backend) != ServerKind.FRESHET) {
      requirePeersCan();
    }
    try {
      return new UpdateWeightsRequest(
          weights.map(dir -> dir.toAbsolutePath().normalize().toString()),
          step.map(OptionalLong::of).orElseGet(OptionalLong::empty),
          UpdateMode.of(mode),
          UpdatePhase.of(phase),
          VerifyLevel.of(verify),
          force);
    } catch (WireException e) {
      throw new ConfigException("--" + e.getMessage().replace("weight_dir", "weights"));
    }
  }

  private AdminClient client(URI server, Optional<AdminToken> token) {
    try {
      return new AdminClient(
          server,
          RetriedUpdate.deadlines(Duration.ofSeconds(withinS)),
          new EventLog(line -> {}, MonotonicClock.SYSTEM),
          token,
          BackendOption.kind(backend));
    } catch (IllegalArgumentException e) {
      throw new ConfigException("--server: " + e.getMessage());
    }
  }

  /** Each server's update has a thread of its own. */
  private FutureTask<AdminResult> start(AdminClient admin, UpdateWeightsRequest request) {
    FutureTask<AdminResult> update =
        new FutureTask<>(
            () -> {
              try (admin) {
                warmUp(admin);
                return RetriedUpdate.run(
                    admin,
                    request,
                    TraceId.random(),
                    Duration.ofSeconds(withinS),
                    MonotonicClock.SYSTEM);
              }
            });
    Thread.ofPlatform().name("freshet-update").daemon().start(update);
    return update;
  }

  /** What is to be measured is the server and the way to it, not this process's first steps. */
  private static void warmUp(AdminClient admin) {
    try {
      admin.warmUp(WARM_UP_CALLS, WARM_UP_MOST);
    } catch (AdminException e) {
      LOG.debug("the update will say the same, or succeed on a further try", e);
    }
  }

  private int report(Map<String, FutureTask<AdminResult>> updates) throws InterruptedException {
    Map<String, AdminResult> done = new LinkedHashMap<>();
    List<String> failures = new ArrayList<>();
    for (Map.Entry<String, FutureTask<AdminResult>> update : updates.entrySet()) {
      try {
        done.put(update.getKey(), update.getValue().get());
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof AdminException refused)) {
          throw new IllegalStateException(update.getKey(), e.getCause());
        }
        failures.add(refused.getMessage());
      }
    }
    if (!done.isEmpty()) {
      System.out.println(UpdateTable.of(done));
    }
    failures.forEach(failure -> System.err.println("freshet: " + failure));
    return failures.isEmpty() ? 0 : 1;
  }
}
