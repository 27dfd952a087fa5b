package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.client.Completion;
import dev.freshet.environments.Environment;
import dev.freshet.environments.Problem;
import dev.freshet.environments.PromptFormat;
import dev.freshet.environments.Split;
import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.Replica;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.OneLine;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays one episode on the fleet, blocking its thread, and returns exactly one outcome within its
 * deadlines. An attempt stays on one server. One that fails because of the server or the network is
 * repeated from the start on another server, at most {@value #ATTEMPTS} attempts in all; one that
 * fails because of the environment is not. Tokens are only appended, and a token's policy version
 * is never lower than that of the token before it. An episode without room for another turn is cut
 * off and scored by its environment. Thread-safe.
 */
final class RolloutRunner {
  static final int ATTEMPTS = 3;

  private static final long POLL_MILLIS = 100;
  private static final Logger LOG = LoggerFactory.getLogger(RolloutRunner.class);

  private final Fleet fleet;
  private final Completions completions;
  private final EnvironmentCalls calls;
  private final PromptFormat format;
  private final EpisodeConfig limits;
  private final int mostTokens;
  private final MonotonicClock clock;

  /** Places for the episodes of each environment, training and evaluation together. */
  private final Map<Environment, Semaphore> open = new ConcurrentHashMap<>();

  /**
   * @param format how the model reads conversations
   * @param mostTokens of a rollout, with all its turns and what the environment says
   */
  RolloutRunner(
      Fleet fleet,
      Completions completions,
      EnvironmentCalls calls,
      PromptFormat format,
      EpisodeConfig limits,
      int mostTokens,
      MonotonicClock clock) {
    this.fleet = fleet;
    this.completions = completions;
    this.calls = calls;
    this.format = format;
    this.limits = limits;
    this.mostTokens = mostTokens;
    this.clock = clock;
  }

  /** A problem of an environment, which may be any program. */
  Problem problem(Environment environment, Split split, long index, Calls scope)
      throws RolloutFailure, InterruptedException {
    return calls.call(
        "environment %s: problem %d of the set %s".formatted(environment.name(), index, split),
        scope,
        endOfEpisode(),
        () -> environment.problem(split, index));
  }

  private long endOfEpisode() {
    return clock.nanos() + TimeUnit.SECONDS.toNanos(limits.episodeDeadlineS());
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
      Environment environment,
      Problem problem,
      Sampling sampling,
      long seed,
      long dispatchVersion,
      Calls scope)
      throws InterruptedException {
    Semaphore episodes =
        open.computeIfAbsent(environment, e -> new Semaphore(e.maxEpisodes(), true));
    while (!episodes.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
      if (scope.cancelled()) {
        return new RolloutResult.Cancelled();
      }
    }
    try {
      return onServers(environment, problem, sampling, seed, dispatchVersion, scope);
    } finally {
      episodes.release();
    }
  }

  private RolloutResult onServers(
      Environment environment,
      Problem problem,
      Sampling sampling,
      long seed,
      long dispatchVersion,
      Calls scope)
      throws InterruptedException {
    RolloutResult failed = new RolloutResult.Cancelled();
    Optional<Replica> last = Optional.empty();
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Optional<Replica> server = fleet.acquire(last, scope);
      if (server.isEmpty()) {
        return new RolloutResult.Cancelled();
      }
      last = server;
      try {
        RolloutResult done =
            attempt(server.get(), environment, problem, sampling, seed, dispatchVersion, scope);
        fleet.succeeded(server.get());
        return done;
      } catch (RolloutFailure e) {
        if (scope.cancelled()) {
          return new RolloutResult.Cancelled();
        }
        failed = new RolloutResult.Failed(e.reason(), OneLine.of(e));
        LOG.debug("rollout of {}: attempt {} failed: {}", problem, attempt, OneLine.of(e));
        if (!e.retry()) {
          break;
        }
        fleet.failed(server.get());
      } finally {
        fleet.release(server.get());
      }
    }
    return failed;
  }

  private RolloutResult attempt(
      Replica server,
      Environment environment,
      Problem problem,
      Sampling sampling,
      long seed,
      long dispatchVersion,
      Calls scope)
      throws RolloutFailure, InterruptedException {
    EpisodeCalls episode =
        new EpisodeCalls(calls, environment, problem, format, scope, endOfEpisode());
    try {
      RolloutResult.Done done = play(server, episode, sampling, seed, dispatchVersion, scope);
      episode.close();
      return done;
    } catch (RolloutFailure e) {
      episode.abandon();
      throw e;
    }
  }

  private RolloutResult.Done play(
      Replica server,
      EpisodeCalls episode,
      Sampling sampling,
      long seed,
      long dispatchVersion,
      Calls scope)
      throws RolloutFailure, InterruptedException {
    Trajectory.Builder trajectory = new Trajectory.Builder().observe(episode.begin());
    long oldest = dispatchVersion;
    for (int turns = 0; ; turns++) {
      int[] tokens = trajectory.tokenIds();
      int room = mostTokens - tokens.length;
      if (turns > 0 && (room <= 0 || turns == limits.maxTurns())) {
        return done(trajectory, episode.cutOff(), "length", turns);
      }
      requireRoom(episode, tokens.length, room);
      Completion completion =
          completions.complete(
              server,
              tokens,
              sampling,
              Math.min(room, sampling.maxTokens()),
              seed + turns,
              oldest,
              scope);
      int[] versions = completion.policyVersions();
      oldest = versions[versions.length - 1];
      String finishReason = completion.finishReason();
      trajectory.generate(
          completion.tokenIds(), completion.logprobs(), versions, completion.synthesised());
      switch (episode.next(completion.tokenIds(), finishReason)) {
        case EpisodeCalls.Observed observed -> trajectory.observe(observed.tokenIds());
        case EpisodeCalls.Ended ended -> {
          return done(trajectory, ended, finishReason, turns + 1);
        }
      }
    }
  }

  private void requireRoom(EpisodeCalls episode, int tokens, int room) throws RolloutFailure {
    if (room <= 0) {
      throw RolloutFailure.of(
          FailureReason.SIZE,
          "%s: a prompt of %d tokens, expected fewer than the %d of a rollout (trainer.pack_length)"
              .formatted(episode, tokens, mostTokens));
    }
  }

  private static RolloutResult.Done done(
      Trajectory.Builder trajectory, EpisodeCalls.Ended ended, String finishReason, int turns) {
    return new RolloutResult.Done(
        trajectory.build(), ended.reward(), ended.metrics(), finishReason, turns);
  }
}
