package dev.freshet.orchestrator;

import java.util.OptionalDouble;

/**
 * The progress of a run, for a terminal.
 *
 * @param stage what the run does now
 * @param step batches handed to the trainer
 * @param steps batches of the whole run
 * @param policyVersion the version served
 * @param reward the mean reward of the last batch, or of the evaluation that just ended
 * @param staleness the maximum of the last batch
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

  /** What a run does now. */
  public enum Stage {
    /** Evaluates the base model. */
    EVALUATING_START,
    /** Generates rollouts while the trainer trains. */
    GENERATING,
    /** Waits for the last weights; all batches are handed over. */
    AWAITING_LAST_WEIGHTS,
    /** Evaluates the last weights. */
    EVALUATING_END,
    /** Done, or stopped. */
    ENDED
  }
}
