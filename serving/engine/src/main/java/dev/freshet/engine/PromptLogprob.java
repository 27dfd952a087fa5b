package dev.freshet.engine;

import java.util.List;

/**
 * How likely a token of a prompt is after the tokens before it, in the model's distribution at
 * temperature 1.
 *
 * @param token the token id
 * @param logprob natural logarithm of its probability
 * @param rank how many tokens are at least as likely
 * @param top the requested number of most likely tokens, most likely first
 */
public record PromptLogprob(int token, float logprob, int rank, List<TokenEvent.TopLogprob> top) {}
