package dev.freshet.engine;

import java.util.LinkedHashMap;
import java.util.Map;
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

  /** Every part by the name it has on the wire. */
  public Map<String, Double> phases() {
    Map<String, Double> phases = new LinkedHashMap<>();
    prepare.ifPresent(
        times -> {
          phases.put("prepare_ms", times.totalMs());
          phases.put("map_ms", times.mapMs());
          phases.put("fault_ms", times.faultMs());
          phases.put("verify_ms", times.verifyMs());
          phases.put("build_ms", times.buildMs());
        });
    commit.ifPresent(
        times -> {
          phases.put("wait_step_ms", times.waitStepMs());
          phases.put("pause_ms", times.stallMs());
          phases.put("swap_ms", times.swapMs());
          phases.put("recompute_ms", times.recomputeMs());
        });
    return phases;
  }
}
