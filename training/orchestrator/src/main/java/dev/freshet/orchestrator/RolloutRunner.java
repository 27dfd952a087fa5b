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
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays one episode on the fleet, blocking its thread, and returns exactly one outcome within its
 * deadlines. An attempt stays on one server. One that fails because of the server or the network is
 * repeated from the start on another server, at most {@value #ATTEMPTS} attempts in all; one that
 * fails because of the environment is not. Tokens are only appended, and a token's policy version
 * is never lower than that of the token before it. Thread-safe.
 */
final class RolloutRunner {
  static final int ATTEMPTS = 3;

  private static final Logger LOG = LoggerFactory.getLogger(RolloutRunner.class);

  /** The time after a call's deadline by which the client must have reported it. */
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

  /** Generated tokens of all completions that ended. */
  long generatedTokens() {
    return generatedTokens.sum();
  }

  /** A failed attempt; {@code retry} says whether an attempt on another server may succeed. */
  private static final class AttemptException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean retry;

    AttemptException(String message, boolean retry) {
      super(message);
      this.retry = retry;
    }
  }

  /**
   * Plays an episode of {@code problem}.
   *
   * @param seed the sampling seed of the first turn; each further turn adds 1
   * @param dispatchVersion the policy version that every server has acknowledged; tokens of an
   *     older one are rejected
   * @param scope cancels the rollout
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
        why = OneLine.of(e);
        LOG.debug("rollout of {}: attempt {} failed: {}", problem, attempt, why);
        if (!e.retry) {
          break;
        }
        fleet.failed(server.get());
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
    Episode episode = ask(problem, () -> environment.start(problem));
    Trajectory.Builder trajectory = new Trajectory.Builder().observe(ask(problem, episode::prompt));
    long oldest = dispatchVersion;
    for (int turns = 1; ; turns++) {
      CompletionRequest request =
          request(server, trajectory.tokenIds(), sampling, seed + turns - 1);
      Completion completion = complete(server, request, scope);
      oldest = requireMovingForward(server, completion, oldest);
      generatedTokens.add(completion.tokenIds().length);
      trajectory.generate(
          completion.tokenIds(),
          completion.logprobs(),
          completion.policyVersions(),
          completion.synthesised());
      Optional<int[]> observation =
          ask(
              problem,
              () ->
                  episode.next(new Episode.Turn(completion.tokenIds(), completion.finishReason())));
      if (observation.isEmpty()) {
        double reward = ask(problem, episode::reward);
        if (!Double.isFinite(reward)) {
          throw new AttemptException(
              "environment %s: reward %s for %s, expected a finite number"
                  .formatted(environment.name(), reward, problem),
              false);
        }
        return new RolloutResult.Done(
            ask(problem, trajectory::build), reward, completion.finishReason(), turns);
      }
      trajectory.observe(observation.get());
    }
  }

  /** Calls the environment, which may be any program: whatever it throws fails the rollout only. */
  private <T> T ask(Problem problem, Supplier<T> call) throws AttemptException {
    try {
      return call.get();
    } catch (RuntimeException e) {
      LOG.warn("environment {} failed at {}", environment.name(), problem, e);
      throw new AttemptException(
          "environment %s: %s".formatted(environment.name(), OneLine.of(e)), false);
    }
  }

  private CompletionRequest request(Replica server, int[] tokens, Sampling sampling, long seed) {
    CompletionRequest.Builder request = CompletionRequest.tokens(tokens);
    server.model().ifPresent(request::model);
    server.salt().ifPresent(request::cacheSalt);
    return request
        .maxTokens(sampling.maxTokens())
        .temperature(sampling.temperature())
        .topP(sampling.topP())
        .logprobsMode(sampling.logprobsMode())
        .seed(seed)
        .stopTokenIds(Arrays.stream(environment.stopTokenIds()).boxed().toList())
        .logprobs(0)
        .returnTokenIds(true)
        .build();
  }

  private Completion complete(Replica server, CompletionRequest request, Calls scope)
      throws AttemptException, InterruptedException {
    Call call =
        client.start(server.address().data(), server.generationRoute(), request, requestDeadline);
    server.streams().started(call);
    scope.add(call);
    Duration most = requestDeadline.plus(GRACE);
    try (Waits.Open _ =
        Waits.begin("orchestrator", "a completion", "inference " + server.address().data(), most)) {
      Completion completion =
          server.ended(call, call.result().get(most.toMillis(), TimeUnit.MILLISECONDS));
      requireTrainable(server, completion);
      return completion;
    } catch (ExecutionException e) {
      boolean retry = !(e.getCause() instanceof StreamException s && isClientError(s.status()));
      throw new AttemptException(OneLine.of(Objects.requireNonNull(e.getCause())), retry);
    } catch (TimeoutException e) {
      throw new AttemptException(
          "server %s: no answer within %d s".formatted(server, requestDeadline.toSeconds()), true);
    } finally {
      call.cancel();
      scope.remove(call);
      server.streams().remove(call);
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
          "server %s: completion ended with '%s', expected stop or length"
              .formatted(server, reason),
          true);
    }
    int tokens = completion.tokenIds().length;
    int logprobs = completion.logprobs().length;
    int versions = completion.policyVersions().length;
    if (tokens == 0 || logprobs != tokens || versions != tokens) {
      throw new AttemptException(
          "server %s: completion with %d token ids, %d logprobs and %d policy versions, expected"
                  .formatted(server, tokens, logprobs, versions)
              + " equally many, at least one",
          false);
    }
    for (int i = 0; i < tokens; i++) {
      if (completion.tokenIds()[i] < 0) {
        throw new AttemptException(
            "server %s: token %d has id %d, expected 0 or above"
                .formatted(server, i, completion.tokenIds()[i]),
            true);
      }
      if (!Float.isFinite(completion.logprobs()[i])) {
        throw new AttemptException(
            "server %s: logprob %s of token %d, expected a finite number"
                .formatted(server, completion.logprobs()[i], i),
            true);
      }
    }
  }

  /**
   * Rejects tokens of a version that the server can have only if it was restarted, or updated by
   * someone else.
   *
   * @param oldest the lowest policy version that the completion may have
   * @return the lowest that the next completion may have
   */
  private long requireMovingForward(Replica server, Completion completion, long oldest)
      throws AttemptException {
    long least = oldest;
    int[] versions = completion.policyVersions();
    for (int i = 0; i < versions.length; i++) {
      if (versions[i] < least || !fleet.requested(versions[i])) {
        throw new AttemptException(
            "server %s: token %d has policy version %d, expected %s"
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
