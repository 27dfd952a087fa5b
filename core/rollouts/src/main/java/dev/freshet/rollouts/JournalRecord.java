package dev.freshet.rollouts;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * One record of a run's journal. A group is named by its number, from 0; a rollout by its index in
 * its group; a turn by its number in its rollout, from 0. Arrays are not copied and must not be
 * changed.
 */
public sealed interface JournalRecord {
  /**
   * The first record of every journal.
   *
   * @param settings by name, which a process that resumes the run must have too
   */
  record Begun(Map<String, String> settings) implements JournalRecord {
    public Begun {
      settings = Map.copyOf(settings);
    }
  }

  /** A record of one group. */
  sealed interface OfGroup extends JournalRecord {
    long group();
  }

  /**
   * A group was dispatched.
   *
   * @param version the policy version at dispatch
   * @param environment the name of its environment
   * @param index the number of its problem in the training set
   * @param problem the problem's text
   */
  record Dispatched(long group, int version, String environment, long index, String problem)
      implements OfGroup {}

  /**
   * The tokens before a turn: the prompt, or what the environment says to the turn before. What was
   * recorded of this turn and later ones before is void: an attempt has begun again.
   */
  record Observed(long group, int rollout, int turn, int[] tokenIds) implements OfGroup {}

  /**
   * The next tokens of a turn.
   *
   * @param logprobs one a token, as in {@link Trajectory}
   * @param versions one a token
   * @param synthesised whether the versions were inferred
   * @param finishReason why the turn ended with these tokens; empty if it did not
   */
  record Sampled(
      long group,
      int rollout,
      int turn,
      int[] tokenIds,
      float[] logprobs,
      int[] versions,
      boolean synthesised,
      String finishReason)
      implements OfGroup {
    /** The first tokens, after which the turn has not ended. */
    Sampled first(int length) {
      return new Sampled(
          group,
          rollout,
          turn,
          Arrays.copyOf(tokenIds, length),
          Arrays.copyOf(logprobs, length),
          Arrays.copyOf(versions, length),
          synthesised,
          "");
    }
  }

  /**
   * An environment's own program played a rollout to its end.
   *
   * @param trajectories one or more: the rollout's, then those of its further branches
   * @param others what other agents did
   */
  record Played(long group, int rollout, List<Trajectory> trajectories, List<AgentRollout> others)
      implements OfGroup {
    public Played {
      trajectories = List.copyOf(trajectories);
      others = List.copyOf(others);
      if (trajectories.isEmpty()) {
        throw new IllegalArgumentException(
            "rollout %d of group %d was played: no trajectory, expected one or more"
                .formatted(rollout, group));
      }
    }
  }

  /**
   * A rollout ended; its tokens are in the records before.
   *
   * @param metrics the environment's further figures
   */
  record Scored(
      long group,
      int rollout,
      double reward,
      Map<String, Double> metrics,
      String finishReason,
      int turns)
      implements OfGroup {
    public Scored {
      metrics = Map.copyOf(metrics);
    }
  }

  /** Every attempt at a rollout failed. */
  record Failed(long group, int rollout, String reason, String why) implements OfGroup {}

  /**
   * The groups of a batch were chosen; its file may not exist yet.
   *
   * @param version the policy version at that moment
   */
  record Taken(long step, long version, List<Long> groups) implements JournalRecord {
    public Taken {
      groups = List.copyOf(groups);
    }
  }

  /**
   * A batch and its line of metrics are on disk. The other counts are of the whole run.
   *
   * @param dispatched the number of groups dispatched so far
   * @param ended the groups that are needed no more: those of the batch, and those dropped since
   *     the batch before
   * @param curricula by the names of their environments, after the outcomes of those groups
   */
  record Handed(
      long step,
      long dispatched,
      long filtered,
      long stale,
      long failed,
      List<Long> ended,
      Map<String, Levels> curricula)
      implements JournalRecord {
    public Handed {
      ended = List.copyOf(ended);
      curricula = Map.copyOf(curricula);
    }
  }

  /**
   * The state of a curriculum, a value for each of its levels.
   *
   * @param drawn how many problems of the level were drawn
   * @param owed the share of the draws that the level has not had
   * @param passRates as estimated
   */
  record Levels(List<Long> drawn, List<Double> owed, List<Double> passRates) {
    public Levels {
      drawn = List.copyOf(drawn);
      owed = List.copyOf(owed);
      passRates = List.copyOf(passRates);
    }
  }
}
