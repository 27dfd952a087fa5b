package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.environments.Environment;
import dev.freshet.environments.Problem;
import dev.freshet.environments.PromptFormat;
import dev.freshet.environments.SelfDrivenEnvironment;
import dev.freshet.environments.Split;
import dev.freshet.environments.TurnEnvironment;
import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.Replica;
import dev.freshet.rollouts.JournaledRollout;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.wire.OneLine;
import java.util.Arrays;
import java.util.List;
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
 * followed by another from the last token that arrived, on another server if there is one, at most
 * {@value #ATTEMPTS} in all, without those of which no server took the request: these may last as
 * long as an episode. One that fails because of the environment is not repeated. Tokens are only
 * appended, and a token's policy version is never lower than that of the token before it. An
 * episode without room for another turn is cut off and scored by its environment. Thread-safe.
 */
final class RolloutRunner {
  static final int ATTEMPTS = 3;

  private static final long POLL_MILLIS = 100;
  private static final Logger LOG = LoggerFactory.getLogger(RolloutRunner.class);

  private final Fleet fleet;
  private final Completions completions;
  private final EnvironmentCalls calls;
  private final SelfDrivenRollouts selfDriven;
  private final PromptFormat format;
  private final EpisodeConfig limits;
  private final int mostTokens;
  private final MonotonicClock clock;
  private final RoleClock time;

  /** Places for the episodes of each environment, training and evaluation together. */
  private final Map<Environment, Semaphore> open = new ConcurrentHashMap<>();

  /**
   * @param format how the model reads conversations
   * @param mostTokens of a rollout, with all its turns and what the environment says
   * @param apiKey of the servers, for environments whose programs ask them
   * @param time the orchestrator's
   */
  RolloutRunner(
      Fleet fleet,
      Completions completions,
      EnvironmentCalls calls,
      PromptFormat format,
      EpisodeConfig limits,
      int mostTokens,
      Optional<String> apiKey,
      MonotonicClock clock,
      RoleClock time) {
    this.fleet = fleet;
    this.completions = completions;
    this.calls = calls;
    this.selfDriven =
        new SelfDrivenRollouts(fleet, calls, completions, apiKey, mostTokens, clock, time);
    this.format = format;
    this.limits = limits;
    this.mostTokens = mostTokens;
    this.clock = clock;
    this.time = time;
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
   * @param log receives its tokens, and has those of an earlier process and of earlier attempts,
   *     from which an attempt continues
   */
  RolloutResult run(
      Environment environment,
      Problem problem,
      Sampling sampling,
      long seed,
      long dispatchVersion,
      Calls scope,
      RolloutLog log)
      throws InterruptedException {
    Semaphore episodes =
        open.computeIfAbsent(environment, e -> new Semaphore(e.maxEpisodes(), true));
    try (RoleClock.Activity _ = time.begin(RoleState.PLACE)) {
      while (!episodes.tryAcquire(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        if (scope.cancelled()) {
          return new RolloutResult.Cancelled();
        }
      }
    }
    try {
      return onServers(environment, problem, sampling, seed, dispatchVersion, scope, log);
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
      Calls scope,
      RolloutLog log)
      throws InterruptedException {
    RolloutResult failed = new RolloutResult.Cancelled();
    Optional<Replica> last = Optional.empty();
    long end = endOfEpisode();
    int attempts = 0;
    while (attempts < ATTEMPTS) {
      Optional<Replica> server = acquire(last, scope);
      if (server.isEmpty()) {
        return new RolloutResult.Cancelled();
      }
      last = server;
      try {
        RolloutResult done =
            switch (environment) {
              case TurnEnvironment turns ->
                  attempt(
                      server.get(), turns, problem, sampling, seed, dispatchVersion, scope, log);
              case SelfDrivenEnvironment driven ->
                  selfDriven.play(
                      server.get(),
                      driven,
                      problem,
                      sampling,
                      seed,
                      dispatchVersion,
                      scope,
                      endOfEpisode());
            };
        fleet.succeeded(server.get());
        return done;
      } catch (RolloutFailure e) {
        if (scope.cancelled()) {
          return new RolloutResult.Cancelled();
        }
        failed = new RolloutResult.Failed(e.reason(), OneLine.of(e));
        attempts += e.attempted() || clock.nanos() - end >= 0 ? 1 : 0;
        LOG.debug("rollout of {}: {} attempts failed: {}", problem, attempts, OneLine.of(e));
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

  private Optional<Replica> acquire(Optional<Replica> avoid, Calls scope)
      throws InterruptedException {
    try (RoleClock.Activity _ = time.begin(RoleState.PLACE)) {
      return fleet.acquire(avoid, scope);
    }
  }

  private RolloutResult attempt(
      Replica server,
      TurnEnvironment environment,
      Problem problem,
      Sampling sampling,
      long seed,
      long dispatchVersion,
      Calls scope,
      RolloutLog log)
      throws RolloutFailure, InterruptedException {
    EpisodeCalls episode =
        new EpisodeCalls(calls, environment, problem, format, scope, endOfEpisode());
    TurnSampling turns = new TurnSampling(completions, sampling);
    try {
      RolloutResult.Done done = play(server, episode, turns, seed, dispatchVersion, scope, log);
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
      TurnSampling sampling,
      long seed,
      long dispatchVersion,
      Calls scope,
      RolloutLog log)
      throws RolloutFailure, InterruptedException {
    Trajectory.Builder trajectory = new Trajectory.Builder();
    List<JournaledRollout.Turn> known = log.recorded(fleet.policyVersion());
    int[] observed = episode.begin();
    long oldest = dispatchVersion;
    for (int turns = 0; ; turns++) {
      // After another observation than before, what was recorded from there on is of no use.
      known = saw(known, turns, observed) ? known : List.of();
      RolloutLog.OfTurn turn = known.isEmpty() ? log.begins(turns, observed) : log.continues(turns);
      int tokens = trajectory.observe(observed).tokenIds().length;
      int room = mostTokens - tokens;
      if (turns > 0 && (room <= 0 || turns == limits.maxTurns())) {
        return done(trajectory, episode.cutOff(), "length", turns);
      }
      requireRoom(episode, tokens, room);
      Optional<JournaledRollout.Turn> begun =
          known.isEmpty() ? Optional.empty() : Optional.of(known.get(turns));
      TurnSampling.Sampled sampled =
          sampling.sample(server, trajectory, begun, room, seed + turns, oldest, turn, scope);
      oldest = sampled.version();
      switch (episode.next(sampled.tokenIds(), sampled.finishReason())) {
        case EpisodeCalls.Observed next -> observed = next.tokenIds();
        case EpisodeCalls.Ended ended -> {
          return done(trajectory, ended, sampled.finishReason(), turns + 1);
        }
      }
    }
  }

  private static boolean saw(List<JournaledRollout.Turn> known, int turn, int[] observed) {
    return turn < known.size() && Arrays.equals(known.get(turn).observed(), observed);
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
