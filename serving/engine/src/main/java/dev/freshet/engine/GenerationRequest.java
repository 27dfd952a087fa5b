package dev.freshet.engine;

import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.LogitRules;
import dev.freshet.wire.LogprobsMode;
import dev.freshet.wire.SessionSampling;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * One completion to generate. The engine knows only tokens; the server handles stop strings.
 *
 * @param prompt token ids, at least one, all inside the vocabulary
 * @param maxTokens the most tokens to generate, at least 1
 * @param temperature 0 for greedy, else the divisor of the logits
 * @param topP nucleus mass in (0, 1]
 * @param topK how many of the most likely tokens to sample from; 0 for all
 * @param minP the least probability of a token that may be sampled, as a share of the most likely
 *     token's, in [0, 1]
 * @param seed makes the sampling of this completion reproducible: token n is drawn with the n-th
 *     number of a {@link java.util.SplittableRandom} of it, on which the continuation of a
 *     completion relies
 * @param stopTokens tokens that end the completion; the ending token is part of it
 * @param rules changes of the logits before a token is chosen; ids outside the vocabulary are
 *     ignored
 * @param constraint which tokens may be generated; empty for all. It excludes tokens after the
 *     rules, and before the temperature; logprobs of the model's distribution do not depend on it
 * @param topLogprobs how many of the most likely tokens to report for each generated token
 * @param promptLogprobs how many of the most likely tokens to report for each token of the prompt
 *     after the first, beside its own logprob; empty for no logprobs of the prompt. With them no
 *     cached prefix is used
 * @param logprobsMode of which distribution logprobs are reported
 * @param priority a request of a lower priority is scheduled earlier; 0 by default
 * @param cacheSalt cached prefixes are shared only among requests with the same salt; without a
 *     salt, among those without one
 * @param adapter the name of a loaded adapter to generate with; empty for the base model
 */
public record GenerationRequest(
    int[] prompt,
    int maxTokens,
    double temperature,
    double topP,
    int topK,
    double minP,
    OptionalLong seed,
    Set<Integer> stopTokens,
    LogitRules rules,
    Optional<TokenConstraint> constraint,
    int topLogprobs,
    OptionalInt promptLogprobs,
    LogprobsMode logprobsMode,
    long priority,
    Optional<String> cacheSalt,
    Optional<String> adapter) {
  /**
   * The same completion, sampled from another distribution, of which its logprobs are. Nothing else
   * changes the logits.
   *
   * @param call the number of the session's call, from 0
   */
  public GenerationRequest sampled(SessionSampling sampling, int call) {
    return new GenerationRequest(
        prompt,
        Math.min(maxTokens, sampling.maxTokens().orElse(maxTokens)),
        sampling.temperature(),
        sampling.topP(),
        0,
        0,
        sampling.seed().isPresent() ? OptionalLong.of(sampling.seed().getAsLong() + call) : seed,
        stopTokens,
        LogitRules.NONE,
        Optional.empty(),
        topLogprobs,
        promptLogprobs,
        sampling.isGreedy() ? LogprobsMode.RAW_LOGPROBS : LogprobsMode.PROCESSED_LOGPROBS,
        priority,
        cacheSalt,
        adapter);
  }

  /** Whether every token is the most likely one; then nothing is truncated. */
  boolean isGreedy() {
    return temperature < CompletionRequest.GREEDY_BELOW;
  }

  /** Whether tokens are sampled from only some of the most likely tokens. */
  boolean isTruncated() {
    return !isGreedy() && (topK > 0 || topP < 1 || minP > 0);
  }

  /** Whether tokens are sampled from the whole vocabulary. */
  boolean isDrawnWhole() {
    return !isGreedy() && !isTruncated();
  }

  /** Whether logprobs are those of the distribution that tokens are drawn from. */
  boolean processedLogprobs() {
    return logprobsMode == LogprobsMode.PROCESSED_LOGPROBS;
  }
}
