package dev.freshet.orchestrator;

import dev.freshet.client.Call;
import dev.freshet.client.Calls;
import dev.freshet.client.Completion;
import dev.freshet.client.StreamException;
import dev.freshet.client.StreamingClient;
import dev.freshet.environments.Environment;
import dev.freshet.environments.Episode;
import dev.freshet.environments.Problem;
import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.Replica;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.CompletionRequest;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays one episode on the fleet, blocking its thread, and always returns exactly one outcome
 * within its deadlines. An attempt stays on one server; a failed one is repeated from the start on
 * another, at most {@value #ATTEMPTS} times in all. Tokens are only ever appended, and the policy
 * version of one is never less than that of the token before it. Thread-safe.
 */
final class RolloutRunner {
  static final int ATTEMPTS = 3;

  private static final Logger LOG = LoggerFactory.getLogger(RolloutRunner.class);

  /** How much later than the call's own deadline its silence counts as a failure. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Environment environment;
  private final Fleet fleet;
  private final StreamingClient client;
  private final Duration requestDeadline;
  private final LongAdder generatedTokens = new LongAdder();

  RolloutRunner(
      Environment environment, Fleet fleet, StreamingClient client, Duration requestDeadline) {
    this.environment = environment;
    this.fleet = fleet;
    this.client = client;
    this.requestDeadline = requestDeadline;
  }

  /** Tokens of all completions that came to their end. */
  long generatedTokens() {
    return generatedTokens.sum();
  }

  /** An attempt that failed through the server or the way to it: another may succeed. */
  private static final class AttemptException extends Exception {
    private final boolean again;

    AttemptException(String message, boolean again) {
      super(message);
      this.again = again;
    }
  }

  /**
   * @param seed of the first turn's sampling; each further turn's is one more
   * @param dispatchVersion the policy version that every server has acknowledged: no token may be
   *     of an older one
   * @param scope cancels it
   */
  RolloutResult run(
      Problem problem, Sampling sampling, long seed, long dispatchVersion, Calls scope)
      throws InterruptedException {
    String why = "";
    Optional<Replica> last = Optional.empty();
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Optional<Replica> server = fleet.acquire(last, scope);
      if (server.isEmpty()) {
        return new RolloutResult.Cancelled();
      }
      last = server;
      try {
        RolloutResult done = play(server.get(), problem, sampling, seed, dispatchVersion, scope);
        fleet.succeeded(server.get());
        return done;
      } catch (AttemptException e) {
        if (scope.cancelled()) {
          return new RolloutResult.Cancelled();
        }
        why = OrchestratorException.reason(e);
        LOG.debug("rollout of {}: attempt {} failed: {}", problem, attempt, why);
        if (!e.again) {
          break;
        }
        fleet.failed(server.get());
      } catch (RuntimeException e) {
        LOG.warn("environment {} failed at {}", environment.name(), problem, e);
        return new RolloutResult.Failed(
            "environment %s: %s".formatted(environment.name(), OrchestratorException.reason(e)));
      } finally {
        fleet.release(server.get());
      }
    }
    return new RolloutResult.Failed(why);
  }

  private RolloutResult play(
      Replica server,
      Problem problem,
      Sampling sampling,
      long seed,
      long dispatchVersion,
      Calls scope)
      throws AttemptException, InterruptedException {
    Episode episode = environment.start(problem);
    Trajectory.Builder trajectory = new Trajectory.Builder().observe(episode.prompt());
    long oldest = dispatchVersion;
    for (int turns = 1; ; turns++) {
      CompletionRequest request = request(trajectory.tokenIds(), sampling, seed + turns - 1);
      Completion completion = complete(server, request, scope);
      oldest = requireMovingForward(server, completion, oldest);
      generatedTokens.add(completion.tokenIds().length);
      trajectory.generate(
          completion.tokenIds(), completion.logprobs(), completion.policyVersions());
      Optional<int[]> observation =
          episode.next(new Episode.Turn(completion.tokenIds(), completion.finishReason()));
      if (observation.isEmpty()) {
        double reward = episode.reward();
        if (!Double.isFinite(reward)) {
          throw new AttemptException(
              "%s gave %s the reward %s: expected a finite number"
                  .formatted(environment.name(), problem, reward),
              false);
        }
        return new RolloutResult.Done(trajectory.build(), reward, completion.finishReason(), turns);
      }
      trajectory.observe(observation.get());
    }
  }

  private CompletionRequest request(int[] tokens, Sampling sampling, long seed) {
    return CompletionRequest.tokens(tokens)
        .maxTokens(sampling.maxTokens())
        .temperature(sampling.temperature())
        .topP(sampling.topP())
        .seed(seed)
        .stopTokenIds(Arrays.stream(environment.stopTokenIds()).boxed().toList())
        .logprobs(0)
        .returnTokenIds(true)
        .build();
  }

  private Completion complete(Replica server, CompletionRequest request, Calls scope)
      throws AttemptException, InterruptedException {
    Call call = client.start(server.address().data(), request, requestDeadline);
    List.of(scope, server.calls()).forEach(calls -> calls.add(call));
    Duration most = requestDeadline.plus(GRACE);
    try (Waits.Open _ =
        Waits.begin("orchestrator", "a completion", "inference " + server.address().data(), most)) {
      Completion completion = call.result().get(most.toMillis(), TimeUnit.MILLISECONDS);
      requireTrainable(server, completion);
      return completion;
    } catch (ExecutionException e) {
      boolean again = !(e.getCause() instanceof StreamException s && isClientError(s.status()));
      throw new AttemptException(OrchestratorException.reason(e), again);
    } catch (TimeoutException e) {
      throw new AttemptException(
          "server %s: no answer within %d s".formatted(server, requestDeadline.toSeconds()), true);
    } finally {
      call.cancel();
      List.of(scope, server.calls()).forEach(calls -> calls.remove(call));
    }
  }

  private static boolean isClientError(int status) {
    return status >= 400 && status < 500 && status != 408 && status != 429;
  }

  private static void requireTrainable(Replica server, Completion completion)
      throws AttemptException {
    String reason = completion.finishReason();
    if (!reason.equals("stop") && !reason.equals("length")) {
      throw new AttemptException(
          "server %s: completion ended with '%s': expected stop or length"
              .formatted(server, reason),
          true);
    }
    int tokens = completion.tokenIds().length;
    int logprobs = completion.logprobs().length;
    int versions = completion.policyVersions().length;
    if (tokens == 0 || logprobs != tokens || versions != tokens) {
      throw new AttemptException(
          "server %s: completion of %d token ids, %d logprobs and %d policy versions: expected as"
                  .formatted(server, tokens, logprobs, versions)
              + " many of each, at least one",
          false);
    }
    for (int i = 0; i < logprobs; i++) {
      if (!Float.isFinite(completion.logprobs()[i])) {
        throw new AttemptException(
            "server %s: logprob %s of token %d: expected a finite number"
                .formatted(server, completion.logprobs()[i], i),
            true);
      }
    }
  }

  /**
   * Refuses tokens of weights that the server cannot have unless it was restarted or updated behind
   * the orchestrator's back.
   *
   * @param oldest the least policy version that its tokens may have
   * @return the same for what follows
   */
  private long requireMovingForward(Replica server, Completion completion, long oldest)
      throws AttemptException {
    long least = oldest;
    int[] versions = completion.policyVersions();
    for (int i = 0; i < versions.length; i++) {
      if (versions[i] < least || !fleet.asked(versions[i])) {
        throw new AttemptException(
            "server %s: token %d has policy version %d: expected %s"
                .formatted(
                    server,
                    i,
                    versions[i],
                    versions[i] < least
                        ? least + " or above, which it has served"
                        : "one that it was asked to serve"),
            true);
      }
      least = versions[i];
    }
    return least;
  }
}
