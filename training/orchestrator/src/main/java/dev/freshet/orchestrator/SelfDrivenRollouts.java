package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.environments.PlayedAgent;
import dev.freshet.environments.PlayedBranch;
import dev.freshet.environments.PlayedEpisode;
import dev.freshet.environments.PolicyEndpoint;
import dev.freshet.environments.Problem;
import dev.freshet.environments.SelfDrivenEnvironment;
import dev.freshet.environments.SelfDrivenEpisode;
import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.Replica;
import dev.freshet.rollouts.AgentRollout;
import dev.freshet.rollouts.InvalidRolloutException;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays an episode of a {@link SelfDrivenEnvironment} on one server: it begins the episode, waits
 * on the rollout's own thread until the environment's program has ended it, and accepts only what
 * can be trained on. Calls of the environment run on threads of {@link EnvironmentCalls}. An
 * episode that is late or cancelled is closed, which ends it at the program. Of several branches
 * the one with the most sampled tokens is the rollout, and the others share its reward. Further
 * agents have branches and rewards of their own. The figure {@value #BRANCHES} counts all branches.
 * Thread-safe.
 */
final class SelfDrivenRollouts {
  /** The figure that counts the branches of an episode. */
  static final String BRANCHES = "branches";

  private static final long POLL_MILLIS = 100;
  private static final Logger LOG = LoggerFactory.getLogger(SelfDrivenRollouts.class);

  private final Fleet fleet;
  private final EnvironmentCalls calls;
  private final Completions completions;
  private final Optional<String> apiKey;
  private final int mostTokens;
  private final MonotonicClock clock;
  private final RoleClock time;

  /**
   * @param completions counts the tokens that are played
   * @param apiKey of the servers
   * @param mostTokens of a rollout, with all its turns and what the environment says
   * @param time the orchestrator's
   */
  SelfDrivenRollouts(
      Fleet fleet,
      EnvironmentCalls calls,
      Completions completions,
      Optional<String> apiKey,
      int mostTokens,
      MonotonicClock clock,
      RoleClock time) {
    this.fleet = fleet;
    this.calls = calls;
    this.completions = completions;
    this.apiKey = apiKey;
    this.mostTokens = mostTokens;
    this.clock = clock;
    this.time = time;
  }

  /**
   * Plays an episode of {@code problem} on {@code server}.
   *
   * @param endNanos its deadline
   */
  RolloutResult.Done play(
      Replica server,
      SelfDrivenEnvironment environment,
      Problem problem,
      Sampling sampling,
      long seed,
      long dispatchVersion,
      Calls scope,
      long endNanos)
      throws RolloutFailure, InterruptedException {
    String name =
        "environment %s, problem %d of the set %s"
            .formatted(environment.name(), problem.index(), problem.split());
    PolicyEndpoint policy = endpoint(server, sampling, seed);
    CompletableFuture<SelfDrivenEpisode> started = new CompletableFuture<>();
    try {
      SelfDrivenEpisode episode =
          calls.call(
              name + ": the start",
              scope,
              endNanos,
              () -> started(started, environment.start(problem, policy)));
      awaitEnd(server, name, episode, scope, endNanos);
      PlayedEpisode played =
          calls.call(name + ": what was played", scope, endNanos, episode::result);
      return done(server, name, played, dispatchVersion);
    } finally {
      close(name, started);
    }
  }

  private PolicyEndpoint endpoint(Replica server, Sampling sampling, long seed) {
    return new PolicyEndpoint(
        server.address().data(),
        server.model(),
        apiKey,
        server.salt(),
        "rollout-" + UUID.randomUUID(),
        sampling.temperature(),
        sampling.topP(),
        sampling.maxTokens(),
        mostTokens,
        seed,
        server.streams()::version);
  }

  /** An episode that starts after its start was given up is closed by the thread that began it. */
  private static SelfDrivenEpisode started(
      CompletableFuture<SelfDrivenEpisode> started, SelfDrivenEpisode episode) {
    if (!started.complete(episode)) {
      episode.close();
    }
    return episode;
  }

  /** The calls of the program are not seen here: its server counts as generating until the end. */
  private void awaitEnd(
      Replica server, String name, SelfDrivenEpisode episode, Calls scope, long endNanos)
      throws RolloutFailure, InterruptedException {
    CompletableFuture<Void> ended = episode.ended().toCompletableFuture();
    Duration left = Duration.ofNanos(Math.max(0, endNanos - clock.nanos()));
    try (RoleClock.Activity _ = time.begin(RoleState.ENVIRONMENT);
        RoleClock.Activity _ = server.time().begin(RoleState.GENERATING);
        Waits.Open _ = Waits.begin("orchestrator", "an environment's episode", name, left)) {
      while (!ended.isDone()) {
        if (scope.cancelled()) {
          throw RolloutFailure.of(FailureReason.DEADLINE, name + ": cancelled");
        }
        if (clock.nanos() - endNanos >= 0) {
          throw RolloutFailure.of(
              FailureReason.DEADLINE,
              "%s: its program did not end the episode within %d s (orchestrator.episode_deadline_s)"
                  .formatted(name, left.toSeconds()));
        }
        try {
          ended.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          // Looks again whether the rollout is still wanted.
        }
      }
    } catch (ExecutionException e) {
      throw RolloutFailure.of(FailureReason.ENVIRONMENT, "%s: %s".formatted(name, OneLine.of(e)));
    }
  }

  private RolloutResult.Done done(
      Replica server, String name, PlayedEpisode played, long dispatchVersion)
      throws RolloutFailure {
    Map<String, Double> metrics = new HashMap<>(played.metrics());
    List<List<PlayedBranch>> all = new ArrayList<>(List.of(sampled(played.branches())));
    played.others().forEach(other -> all.add(sampled(other.branches())));
    metrics.put(BRANCHES, (double) branches(played));
    EpisodeCalls.Ended ended = EpisodeCalls.ended(name, played.reward(), metrics);
    List<PlayedBranch> branches = all.getFirst();
    if (branches.isEmpty()) {
      throw RolloutFailure.of(
          FailureReason.FORMAT, name + ": no sampled token, expected a turn of the policy");
    }
    List<Trajectory> trajectories = accepted(server, name, branches, dispatchVersion);
    List<AgentRollout> others = new ArrayList<>();
    for (int i = 0; i < played.others().size(); i++) {
      PlayedAgent agent = played.others().get(i);
      List<PlayedBranch> theirs = all.get(i + 1);
      if (!theirs.isEmpty()) {
        double reward = EpisodeCalls.ended(name, agent.reward(), Map.of()).reward();
        others.add(
            new AgentRollout(
                agent.name(),
                reward,
                theirs.getFirst().finishReason(),
                turns(theirs),
                accepted(server, name, theirs, dispatchVersion)));
      }
    }
    all.forEach(
        agent -> agent.forEach(branch -> completions.generatedElsewhere(sampledTokens(branch))));
    return new RolloutResult.Done(
        trajectories.getFirst(),
        trajectories.subList(1, trajectories.size()),
        others,
        ended.reward(),
        ended.metrics(),
        branches.getFirst().finishReason(),
        turns(branches));
  }

  private static int branches(PlayedEpisode played) {
    return played.branches().size()
        + played.others().stream().mapToInt(other -> other.branches().size()).sum();
  }

  private static int turns(List<PlayedBranch> branches) {
    return branches.stream().mapToInt(PlayedBranch::turns).sum();
  }

  /** The branches with sampled tokens, those with the most first. */
  private static List<PlayedBranch> sampled(List<PlayedBranch> branches) {
    return branches.stream()
        .filter(branch -> sampledTokens(branch) > 0)
        .sorted(Comparator.comparingInt(SelfDrivenRollouts::sampledTokens).reversed())
        .toList();
  }

  private List<Trajectory> accepted(
      Replica server, String name, List<PlayedBranch> branches, long dispatchVersion)
      throws RolloutFailure {
    List<Trajectory> trajectories = new ArrayList<>();
    for (PlayedBranch branch : branches) {
      if (branch.tokenIds().length > mostTokens) {
        throw RolloutFailure.of(
            FailureReason.SIZE,
            "%s: %d tokens, expected at most the %d of a rollout (trainer.pack_length)"
                .formatted(name, branch.tokenIds().length, mostTokens));
      }
      requirePermittedVersions(server, name, branch, dispatchVersion);
      trajectories.add(trajectory(name, branch));
    }
    return trajectories;
  }

  private static int sampledTokens(PlayedBranch branch) {
    int sampled = 0;
    for (boolean mine : branch.sampled()) {
      sampled += mine ? 1 : 0;
    }
    return sampled;
  }

  private static Trajectory trajectory(String name, PlayedBranch branch) throws RolloutFailure {
    boolean[] synthesised = new boolean[branch.tokenIds().length];
    for (int i = 0; i < synthesised.length; i++) {
      synthesised[i] = branch.synthesised() && branch.sampled()[i];
    }
    try {
      return new Trajectory(
          branch.tokenIds(),
          branch.sampled(),
          branch.logprobs(),
          branch.policyVersions(),
          synthesised);
    } catch (InvalidRolloutException e) {
      throw RolloutFailure.of(FailureReason.FORMAT, "%s: %s".formatted(name, OneLine.of(e)));
    }
  }

  /** As for completions: versions never fall, and the server was asked to serve each of them. */
  private void requirePermittedVersions(
      Replica server, String name, PlayedBranch branch, long dispatchVersion)
      throws RolloutFailure {
    long least = dispatchVersion;
    for (int version : branch.policyVersions()) {
      if (version == Trajectory.NO_VERSION) {
        continue;
      }
      if (version < least || !fleet.requested(version)) {
        throw RolloutFailure.ofServer(
            "server %s: %s: a token of policy version %d, expected %d or above, which it was asked to serve"
                .formatted(server, name, version, least),
            true);
      }
      least = version;
    }
  }

  /** Ends the episode, whatever came of it: a failure to close it does not change its outcome. */
  private void close(String name, CompletableFuture<SelfDrivenEpisode> started)
      throws InterruptedException {
    if (started.cancel(false) || started.isCancelled()) {
      return; // It never started, or closes itself.
    }
    try {
      boolean _ =
          calls.finish(
              name + ": the close",
              () -> {
                started.resultNow().close();
                return true;
              });
    } catch (RolloutFailure e) {
      LOG.warn("an episode could not be closed: {}", OneLine.of(e));
    }
  }
}
