package dev.freshet.engine;

import java.util.List;
import java.util.Optional;

/**
 * An event of one completion in one step: a token, the end, or both.
 *
 * @param generation what {@link Engine#submit} returned
 * @param token the token id, or −1 if the completion ended without one (abort, error)
 * @param logprob natural logarithm of the token's probability in the distribution that the request
 *     asks for: the policy's at temperature 1, or the one that the token was drawn from
 * @param policyVersion the version of the weights that made the token
 * @param top the requested number of most likely tokens of that distribution, most likely first, or
 *     all if it has fewer
 * @param finish set in the completion's last event
 */
public record TokenEvent(
    Engine.Generation generation,
    int token,
    float logprob,
    long policyVersion,
    List<TopLogprob> top,
    Optional<FinishReason> finish) {

  /** A candidate token and its logprob. */
  public record TopLogprob(int token, float logprob) {}
}
