package dev.freshet.orchestrator;

import dev.freshet.client.Calls;
import dev.freshet.client.Completion;
import dev.freshet.fleet.Replica;
import dev.freshet.rollouts.JournalRecord;
import dev.freshet.rollouts.JournaledRollout;
import dev.freshet.rollouts.Trajectory;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Samples one turn of the policy on a server, from where an earlier process left it: its tokens so
 * far are then part of the prompt.
 *
 * <p>A Freshet server draws the token at position n of a completion with the n-th number of a
 * sequence that its seed determines, a counter with a fixed increment. So a completion that
 * continues after n tokens with {@link #advanced} seed has the tokens of one that was never
 * interrupted. Other programs draw other tokens of the same distribution.
 */
final class TurnSampling {
  /** What {@link java.util.SplittableRandom} adds to its seed for every number. */
  private static final long INCREMENT = 0x9E3779B97F4A7C15L;

  private final Completions completions;
  private final Sampling sampling;

  /**
   * The turn, whose tokens are in the trajectory.
   *
   * @param version of its last token
   */
  record Sampled(int[] tokenIds, String finishReason, long version) {}

  TurnSampling(Completions completions, Sampling sampling) {
    this.completions = completions;
    this.sampling = sampling;
  }

  /** The seed with which a completion continues after its first {@code tokens}. */
  static long advanced(long seed, int tokens) {
    return seed + tokens * INCREMENT;
  }

  /**
   * Samples the turn after the tokens of {@code trajectory} and appends it.
   *
   * @param begun what is there of it
   * @param room the most tokens that fit in the rollout
   * @param seed of a turn that begins
   * @param oldest the lowest policy version that a token may have
   */
  Sampled sample(
      Replica server,
      Trajectory.Builder trajectory,
      Optional<JournaledRollout.Turn> begun,
      int room,
      long seed,
      long oldest,
      RolloutLog.OfTurn log,
      Calls scope)
      throws RolloutFailure, InterruptedException {
    int before = trajectory.tokenIds().length;
    long least = oldest;
    for (JournalRecord.Sampled part : begun.map(JournaledRollout.Turn::sampled).orElse(List.of())) {
      trajectory.generate(part.tokenIds(), part.logprobs(), part.versions(), part.synthesised());
      for (int version : part.versions()) {
        least = Math.max(least, version);
      }
    }
    int[] tokens = trajectory.tokenIds();
    int[] sofar = Arrays.copyOfRange(tokens, before, tokens.length);
    int left = Math.min(room, sampling.maxTokens()) - sofar.length;
    Optional<String> ended =
        begun.flatMap(JournaledRollout.Turn::finishReason).or(() -> ended(sofar, left));
    if (ended.isPresent()) {
      return new Sampled(sofar, ended.get(), least);
    }
    Completion rest =
        completions.complete(
            server, tokens, sampling, left, advanced(seed, sofar.length), least, log, scope);
    trajectory.generate(
        rest.tokenIds(), rest.logprobs(), rest.policyVersions(), rest.synthesised());
    return new Sampled(
        IntStream.concat(Arrays.stream(sofar), Arrays.stream(rest.tokenIds())).toArray(),
        rest.finishReason(),
        rest.policyVersions()[rest.policyVersions().length - 1]);
  }

  /** Why a turn has ended whose last token is recorded, but not that it was the last one. */
  private Optional<String> ended(int[] tokens, int left) {
    if (tokens.length > 0 && completions.stops(tokens[tokens.length - 1])) {
      return Optional.of("stop");
    }
    return tokens.length > 0 && left <= 0 ? Optional.of("length") : Optional.empty();
  }
}
