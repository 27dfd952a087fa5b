package dev.freshet.orchestrator;

import java.util.OptionalDouble;

/**
 * How far a run is, for a terminal.
 *
 * @param stage what it does
 * @param step batches handed to the trainer
 * @param steps batches in all
 * @param policyVersion the version served
 * @param reward the mean reward of the last batch, or of the evaluation that just ended
 * @param staleness the greatest of the last batch
 * @param inFlight rollouts being generated
 */
public record Progress(
    Stage stage,
    long step,
    long steps,
    long policyVersion,
    OptionalDouble reward,
    long staleness,
    int inFlight) {

  /** What a run does. */
  public enum Stage {
    /** Evaluates the base model. */
    EVALUATING_START,
    /** Generates rollouts while the trainer trains. */
    GENERATING,
    /** All batches are handed over; waits for the last weights. */
    AWAITING_LAST_WEIGHTS,
    /** Evaluates the last weights. */
    EVALUATING_END,
    /** Done, or stopped. */
    ENDED
  }
}
