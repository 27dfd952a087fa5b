package dev.freshet.orchestrator;

import dev.freshet.client.Completion;
import dev.freshet.fleet.Arrived;
import dev.freshet.rollouts.JournaledRollout;
import java.util.List;
import java.util.function.IntFunction;

/** Receives what is generated for one rollout, as it is generated. Used by one thread at a time. */
interface RolloutLog {
  /** Keeps nothing: for evaluations. */
  RolloutLog NONE =
      new RolloutLog() {
        @Override
        public List<JournaledRollout.Turn> recorded(long newest) {
          return List.of();
        }

        @Override
        public OfTurn begins(int turn, int[] observed) {
          return OfTurn.NONE;
        }

        @Override
        public OfTurn continues(int turn) {
          return OfTurn.NONE;
        }
      };

  /** Receives the tokens of one turn. */
  interface OfTurn {
    /** Keeps nothing. */
    OfTurn NONE =
        new OfTurn() {
          @Override
          public void streams(IntFunction<Arrived> arrived) {}

          @Override
          public void ended(Completion completion) {}

          @Override
          public void stopped() {}
        };

    /**
     * A completion of it streams.
     *
     * @param arrived the tokens that have arrived from a position on; may be called by any thread,
     *     until the turn has ended or is stopped
     */
    void streams(IntFunction<Arrived> arrived);

    /** The completion has ended, and with it the turn. */
    void ended(Completion completion);

    /** The completion is awaited no more. Called last; no effect after {@link #ended}. */
    void stopped();
  }

  /**
   * The turns that an earlier process and earlier attempts have recorded.
   *
   * @param newest the policy version that is served: the first token of a newer one, which an
   *     update that is not committed has left, is dropped with all that follow, to be generated
   *     again
   */
  List<JournaledRollout.Turn> recorded(long newest);

  /** A turn begins after the tokens of {@code observed}; or begins again, and with it the rest. */
  OfTurn begins(int turn, int[] observed);

  /** Continues a turn that is recorded in part; it is the last one, or has ended. */
  OfTurn continues(int turn);
}
