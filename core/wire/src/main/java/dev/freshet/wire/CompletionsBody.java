package dev.freshet.wire;

import java.util.List;

/**
 * The body of {@code POST /v1/completions}: a request for each of its prompts, which differ in the
 * prompt alone. The answer has the choices of the first prompt, then those of the second, and so
 * on.
 *
 * @param request that of the first prompt
 * @param prompts one to {@value #MAX_PROMPTS}
 * @param echo whether the text of a choice begins with that of its prompt
 */
public record CompletionsBody(CompletionRequest request, List<Prompt> prompts, boolean echo) {
  /** The most prompts of a request. */
  public static final int MAX_PROMPTS = 1024;

  /** The most choices of all prompts together. */
  public static final int MAX_CHOICES = 1024;

  /**
   * @throws WireException if there are too many choices
   */
  public CompletionsBody {
    prompts = List.copyOf(prompts);
    WireException.check(
        prompts.size() == 1 || (long) prompts.size() * request.n() <= MAX_CHOICES,
        "n",
        "at most %d choices of all %d prompts".formatted(MAX_CHOICES, prompts.size()),
        request.n());
  }

  /**
   * Parses a request body. Reading ends at the first fault, so a long list costs no more than its
   * allowed part.
   *
   * @param contextTokens the most tokens of prompt and completion together
   * @throws WireException naming the field that is missing, unknown, of a wrong type or out of
   *     range
   */
  public static CompletionsBody parse(byte[] json, int contextTokens) {
    return CompletionRequestJson.parse(json, contextTokens);
  }
}
