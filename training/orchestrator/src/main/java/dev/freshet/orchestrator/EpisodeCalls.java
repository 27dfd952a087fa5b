package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.environments.Answer;
import dev.freshet.environments.Conversation;
import dev.freshet.environments.Episode;
import dev.freshet.environments.Problem;
import dev.freshet.environments.PromptFormat;
import dev.freshet.environments.Step;
import dev.freshet.environments.TurnEnvironment;
import dev.freshet.wire.OneLine;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One episode of an environment as tokens in and tokens out. Every method is a call on a thread of
 * {@link EnvironmentCalls}, where messages are also turned into tokens. Used by one thread at a
 * time.
 */
final class EpisodeCalls {
  private static final Logger LOG = LoggerFactory.getLogger(EpisodeCalls.class);

  /** What follows a turn of the policy. */
  sealed interface Outcome {}

  /** The tokens between the turn and the next one. */
  record Observed(int[] tokenIds) implements Outcome {}

  /** The score of the episode: finite numbers. */
  record Ended(double reward, Map<String, Double> metrics) implements Outcome {}

  private final EnvironmentCalls calls;
  private final TurnEnvironment environment;
  private final Problem problem;
  private final Calls scope;
  private final long endNanos;
  private final Conversation conversation;

  /** Set once it is started, also if the call that starts it fails later; empty once closed. */
  private Optional<Episode> episode = Optional.empty();

  /** It is no longer needed: one that starts only now is closed at once. */
  private boolean closed;

  /**
   * @param endNanos the deadline of the whole episode
   */
  EpisodeCalls(
      EnvironmentCalls calls,
      TurnEnvironment environment,
      Problem problem,
      PromptFormat format,
      Calls scope,
      long endNanos) {
    this.calls = calls;
    this.environment = environment;
    this.problem = problem;
    this.scope = scope;
    this.endNanos = endNanos;
    this.conversation = new Conversation(format);
  }

  /** The tokens before the first turn. */
  int[] begin() throws RolloutFailure, InterruptedException {
    return call(
        "the start",
        () -> {
          Episode started = environment.start(problem);
          if (!take(started)) {
            started.close();
            throw RolloutFailure.of(
                FailureReason.DEADLINE, this + ": it started after it was given up");
          }
          return conversation.open(started.begin());
        });
  }

  /** Gives the environment a turn of the policy. */
  Outcome next(int[] tokenIds, String finishReason) throws RolloutFailure, InterruptedException {
    return call(
        "a turn",
        () -> {
          Answer answer = conversation.answer(tokenIds, finishReason);
          return switch (started().next(answer)) {
            case Step.Next next -> new Observed(conversation.observe(answer, next.messages()));
            case Step.End end -> ended(end);
          };
        });
  }

  /** Ends an episode that has no room for another turn. */
  Ended cutOff() throws RolloutFailure, InterruptedException {
    return call("the score", () -> ended(started().cutOff()));
  }

  private synchronized boolean take(Episode started) {
    episode = closed ? Optional.empty() : Optional.of(started);
    return !closed;
  }

  private synchronized Episode started() {
    return episode.orElseThrow(() -> new IllegalStateException("begin() comes first"));
  }

  private Ended ended(Step.End end) throws RolloutFailure {
    return ended(toString(), end.reward(), end.metrics());
  }

  /**
   * The score of an episode, if it can be trained on.
   *
   * @param name of the environment and the problem
   */
  static Ended ended(String name, double reward, Map<String, Double> metrics)
      throws RolloutFailure {
    requireFinite(name, "reward", reward);
    for (Map.Entry<String, Double> metric : metrics.entrySet()) {
      requireFinite(name, "metric " + metric.getKey(), metric.getValue());
    }
    return new Ended(reward, metrics);
  }

  private static void requireFinite(String name, String what, double value) throws RolloutFailure {
    if (!Double.isFinite(value)) {
      throw RolloutFailure.of(
          FailureReason.REWARD, "%s: %s %s, expected a finite number".formatted(name, what, value));
    }
  }

  /** Frees what the episode holds. An episode that cannot be closed is a failed one. */
  void close() throws RolloutFailure, InterruptedException {
    Optional<Episode> open = takeBack();
    if (open.isPresent()) {
      calls.finish(
          this + ": the close",
          () -> {
            open.get().close();
            return true;
          });
    }
  }

  private synchronized Optional<Episode> takeBack() {
    closed = true;
    Optional<Episode> open = episode;
    episode = Optional.empty();
    return open;
  }

  /** As {@link #close}, after a failure, which it does not replace. */
  void abandon() throws InterruptedException {
    try {
      close();
    } catch (RolloutFailure e) {
      LOG.warn("an episode that failed could not be closed: {}", OneLine.of(e));
    }
  }

  private <T> T call(String what, Callable<T> call) throws RolloutFailure, InterruptedException {
    return calls.call("%s: %s".formatted(this, what), scope, endNanos, call);
  }

  /** Names the environment and the problem in messages. */
  @Override
  public String toString() {
    return "environment %s, problem %d of the set %s"
        .formatted(environment.name(), problem.index(), problem.split());
  }
}
