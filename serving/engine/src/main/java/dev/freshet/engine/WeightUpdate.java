package dev.freshet.engine;

import dev.freshet.trace.PartTimes;
import dev.freshet.trace.UpdatePart;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a weight operation went. Durations are milliseconds on the engine's clock.
 *
 * @param policyVersion the version now serving
 * @param preparedVersion the version that is prepared and not committed, if there is one
 * @param prepare what preparing took, if the operation prepared something
 * @param commit what committing took, if the operation swapped something in
 */
public record WeightUpdate(
    long policyVersion,
    OptionalLong preparedVersion,
    Optional<PrepareTimes> prepare,
    Optional<CommitTimes> commit) {

  /**
   * Parts of a preparation, one after the other, all beside decoding.
   *
   * @param mapMs reading the manifest and mapping the files
   * @param faultMs bringing every page of the mapping into this process
   * @param verifyMs checking the content of every tensor
   * @param buildMs making the decoder over the mapping
   */
  public record PrepareTimes(double mapMs, double faultMs, double verifyMs, double buildMs) {
    /** All of it. */
    public double totalMs() {
      return mapMs + faultMs + verifyMs + buildMs;
    }
  }

  /**
   * Parts of a commit.
   *
   * @param waitStepMs until the decode step in progress ended; with mode drain, the last one of the
   *     completions that were running
   * @param swapMs the exchange of one reference between two decode steps
   * @param recomputeMs rebuilding the KV cache of running completions, with mode recompute
   * @param stallMs how long the decode loop was held between two steps, all in all
   */
  public record CommitTimes(double waitStepMs, double swapMs, double recomputeMs, double stallMs) {}

  /** How long decoding was held between two steps. */
  public double stallMs() {
    return commit.map(CommitTimes::stallMs).orElse(0.0);
  }

  /** Every phase. */
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
