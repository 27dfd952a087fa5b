package dev.freshet.engine;

import dev.freshet.trace.PartTimes;
import dev.freshet.trace.UpdatePart;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The outcome of a weight operation. Durations are milliseconds on the engine's clock.
 *
 * @param policyVersion the version that serves now
 * @param preparedVersion the version that is prepared and not committed, if there is one
 * @param prepare the times of the preparation, if the operation prepared weights
 * @param commit the times of the commit, if the operation swapped weights
 */
public record WeightUpdate(
    long policyVersion,
    OptionalLong preparedVersion,
    Optional<PrepareTimes> prepare,
    Optional<CommitTimes> commit) {

  /**
   * The parts of a preparation, in order. Decoding continues during all of them.
   *
   * @param mapMs reading the manifest and mapping the files
   * @param faultMs faulting every page of the mapping into this process
   * @param verifyMs checking the content of every tensor
   * @param buildMs building the decoder: packing the weights of its linear layers
   */
  public record PrepareTimes(double mapMs, double faultMs, double verifyMs, double buildMs) {
    /** The sum of the parts. */
    public double totalMs() {
      return mapMs + faultMs + verifyMs + buildMs;
    }
  }

  /**
   * The parts of a commit.
   *
   * @param waitStepMs until the current decode step ended; with mode drain, until the running
   *     completions ended
   * @param swapMs the swap of one reference between two decode steps
   * @param recomputeMs with mode recompute, discarding the KV cache of running completions, which
   *     later steps rebuild
   * @param stallMs how long the decode loop was held between two steps in total
   */
  public record CommitTimes(double waitStepMs, double swapMs, double recomputeMs, double stallMs) {}

  /** How long decoding was held between two steps; 0 if no weights were swapped. */
  public double stallMs() {
    return commit.map(CommitTimes::stallMs).orElse(0.0);
  }

  /** The times of all phases. */
  public PartTimes phases() {
    PartTimes prepared =
        prepare
            .map(
                times ->
                    PartTimes.NONE
                        .with(UpdatePart.PREPARE, times.totalMs())
                        .with(UpdatePart.MAP, times.mapMs())
                        .with(UpdatePart.FAULT, times.faultMs())
                        .with(UpdatePart.VERIFY, times.verifyMs())
                        .with(UpdatePart.BUILD, times.buildMs()))
            .orElse(PartTimes.NONE);
    return commit
        .map(
            times ->
                prepared
                    .with(UpdatePart.WAIT_STEP, times.waitStepMs())
                    .with(UpdatePart.PAUSE, times.stallMs())
                    .with(UpdatePart.SWAP, times.swapMs())
                    .with(UpdatePart.RECOMPUTE, times.recomputeMs()))
        .orElse(prepared);
  }
}
