package dev.freshet.lab.engine;

import dev.freshet.analysis.Distribution;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Figures of one number of completions at a server; each is the median of its rounds.
 *
 * @param tokensPerS generated tokens a second, the time for the prompts included
 * @param ttftP50Ms median time from a request to its first token
 * @param ttftP99Ms its 99th percentile
 * @param tokenMs median time from a token to the next one of the same completion
 * @param promptTokensPerS tokens of prompts a second, in rounds of completions of one token; a
 *     prompt counts for each of its completions
 * @param linearShare the share of linear layers in the time of the engine's steps; NaN if the
 *     server does not report it
 * @param mostRunning completions that ran at the same time
 * @param clientCores cores that the client's process used
 * @param otherCores cores that were busy between the rounds, while the servers were idle; NaN on
 *     systems other than Linux
 */
public record BatchFigures(
    int batch,
    double tokensPerS,
    double ttftP50Ms,
    double ttftP99Ms,
    double tokenMs,
    double promptTokensPerS,
    double linearShare,
    int mostRunning,
    double clientCores,
    double otherCores) {
  /**
   * What was measured together.
   *
   * @param prompts a round of completions of one token
   * @param whole a round of whole completions
   * @param linearShare during the round of whole completions
   * @param otherCores busy cores before the rounds
   */
  record Sample(Round prompts, Round whole, double linearShare, double otherCores) {}

  /** The medians of {@code samples} of one batch, at least one. */
  static BatchFigures of(int batch, List<Sample> samples) {
    return new BatchFigures(
        batch,
        median(samples, sample -> sample.whole().tokensPerS()),
        median(samples, sample -> sample.whole().ttftMs().p50()),
        median(samples, sample -> sample.whole().ttftMs().p99()),
        median(samples, sample -> sample.whole().tokenMs().p50()),
        median(samples, sample -> sample.prompts().promptTokensPerS()),
        median(samples, Sample::linearShare),
        (int) median(samples, sample -> sample.whole().mostRunning()),
        median(samples, sample -> sample.whole().clientCores()),
        median(samples, Sample::otherCores));
  }

  private static double median(List<Sample> samples, ToDoubleFunction<Sample> figure) {
    return Distribution.of(samples.stream().map(figure::applyAsDouble).toList()).p50();
  }
}
