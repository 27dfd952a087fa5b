package dev.freshet.wire;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A request for completions of one prompt, as the body of {@code POST /v1/completions}, in the
 * shape and with the defaults of OpenAI and vLLM.
 *
 * @param model the requested model; empty for the served one
 * @param prompt text or token ids
 * @param n how many completions of the prompt to generate, the choices of the answer; 1 to {@value
 *     #MAX_CHOICES}, and 1 if greedy, because they would all be equal
 * @param maxTokens the most tokens to generate in each, at least 1
 * @param temperature 0 for greedy, else the divisor of the logits
 * @param topP nucleus mass in (0, 1]
 * @param topK the most likely tokens to sample from; 0 for all (−1 on the wire means 0 too)
 * @param minP the least probability of a token that may be sampled, as a share of the most likely
 *     token's, in [0, 1]
 * @param seed the seed of the sampling, from which every choice has its own; −1 on the wire means
 *     none
 * @param stop strings that end the completion and are cut from its text, at most {@value #MAX_STOP}
 *     with at most {@value #MAX_STOP_LENGTH} characters together
 * @param stopTokenIds tokens that end the completion, in addition to the model's end tokens, at
 *     most {@value #MAX_STOP_TOKENS}
 * @param ignoreEos whether the model's end tokens do not end the completion
 * @param rules changes of the logits before a token is chosen
 * @param output which texts the completion may be; empty for any
 * @param stream whether the answer is server-sent events
 * @param includeUsage whether the last event of a stream has the token counts
 * @param logprobs how many of the most likely tokens to report with each token's own logprob, at
 *     most {@value #MAX_LOGPROBS}; empty for no logprobs
 * @param promptLogprobs how many of the most likely tokens to report with the logprob of each token
 *     of the prompt after the first, at most {@value #MAX_LOGPROBS}; empty for none
 * @param logprobsMode of which distribution logprobs are reported
 * @param continuousUsage whether every event of such a stream has the token counts so far
 * @param text how texts are made of tokens
 * @param returnTokenIds whether the answer has token ids
 * @param priority a request of a lower priority is scheduled earlier; 0 by default
 * @param cacheSalt cached prefixes are shared only among requests with the same salt; without a
 *     salt, among those without one. 1 to {@value #MAX_SALT} characters without {@code @}, {@code
 *     /}, {@code \\} and NUL, as in vLLM
 * @param requestId the caller's id, by which it can be aborted; at most {@value #MAX_ID} characters
 */
public record CompletionRequest(
    Optional<String> model,
    Prompt prompt,
    int n,
    int maxTokens,
    double temperature,
    double topP,
    int topK,
    double minP,
    OptionalLong seed,
    List<String> stop,
    List<Integer> stopTokenIds,
    boolean ignoreEos,
    LogitRules rules,
    Optional<StructuredOutput> output,
    boolean stream,
    boolean includeUsage,
    boolean continuousUsage,
    TextOptions text,
    OptionalInt logprobs,
    OptionalInt promptLogprobs,
    LogprobsMode logprobsMode,
    boolean returnTokenIds,
    long priority,
    Optional<String> cacheSalt,
    Optional<String> requestId) {
  /** The most choices. */
  public static final int MAX_CHOICES = 128;

  /** A temperature below this is greedy: dividing the logits by it would overflow. */
  public static final double GREEDY_BELOW = 1e-5;

  /** The longest request id. */
  public static final int MAX_ID = 256;

  /** The most stop strings. OpenAI allows 4, vLLM any number. */
  public static final int MAX_STOP = 64;

  /** The most characters of all stop strings together. */
  public static final int MAX_STOP_LENGTH = 16 << 10;

  /** The most stop tokens. */
  public static final int MAX_STOP_TOKENS = 1024;

  /** The most alternatives to report for each token. */
  public static final int MAX_LOGPROBS = 20;

  /** The most characters of a cache salt. */
  public static final int MAX_SALT = 128;

  private static final String NOT_IN_SALT = "@/\\\0";

  /**
   * @throws WireException naming the first field that is out of its range
   */
  public CompletionRequest {
    WireException.check(maxTokens >= 1, "max_tokens", "at least 1", maxTokens);
    WireException.check(
        temperature >= 0 && Double.isFinite(temperature), "temperature", "≥ 0", temperature);
    WireException.check(n >= 1 && n <= MAX_CHOICES, "n", "1 to " + MAX_CHOICES, n);
    WireException.check(
        n == 1 || temperature >= GREEDY_BELOW,
        "n",
        "1 at a greedy temperature (below " + GREEDY_BELOW + "), where all choices are equal",
        n);
    WireException.check(topP > 0 && topP <= 1, "top_p", "a number in (0, 1]", topP);
    WireException.check(topK >= 0, "top_k", "at least 0, or −1 for all", topK);
    WireException.check(minP >= 0 && minP <= 1, "min_p", "a number in [0, 1]", minP);
    WireException.check(
        rules.minTokens() <= maxTokens,
        "min_tokens",
        "at most max_tokens (" + maxTokens + ")",
        rules.minTokens());
    WireException.check(
        stop.size() <= MAX_STOP, "stop", "at most " + MAX_STOP + " strings", stop.size());
    WireException.check(
        stop.stream().noneMatch(String::isEmpty), "stop", "strings that are not empty", "\"\"");
    long stopLength = stop.stream().mapToLong(String::length).sum();
    WireException.check(
        stopLength <= MAX_STOP_LENGTH,
        "stop",
        "at most " + MAX_STOP_LENGTH + " characters in all strings",
        stopLength);
    WireException.check(
        stopTokenIds.size() <= MAX_STOP_TOKENS,
        "stop_token_ids",
        "at most " + MAX_STOP_TOKENS + " ids",
        stopTokenIds.size());
    stopTokenIds.forEach(
        id -> WireException.check(id >= 0, "stop_token_ids", "ids of at least 0", id));
    logprobs.ifPresent(
        count ->
            WireException.check(
                count >= 0 && count <= MAX_LOGPROBS, "logprobs", "0 to " + MAX_LOGPROBS, count));
    promptLogprobs.ifPresent(
        count ->
            WireException.check(
                count >= 0 && count <= MAX_LOGPROBS,
                "prompt_logprobs",
                "0 to " + MAX_LOGPROBS,
                count));
    cacheSalt.ifPresent(CompletionRequest::checkSalt);
    requestId.ifPresent(
        id ->
            WireException.check(
                !id.isEmpty() && id.length() <= MAX_ID,
                "request_id",
                "1 to " + MAX_ID + " characters",
                id.length()));
    stop = List.copyOf(stop);
    stopTokenIds = List.copyOf(stopTokenIds);
  }

  /** Messages do not quote the salt, which is a secret. */
  private static void checkSalt(String salt) {
    int characters = salt.codePointCount(0, salt.length());
    WireException.check(
        characters >= 1 && characters <= MAX_SALT,
        "cache_salt",
        "1 to " + MAX_SALT + " characters",
        characters);
    WireException.check(
        salt.chars().noneMatch(c -> NOT_IN_SALT.indexOf(c) >= 0),
        "cache_salt",
        "no '@', '/', '\\' or NUL",
        "one");
  }

  /** A request that continues token ids, with the defaults. */
  public static CompletionRequestBuilder tokens(int... ids) {
    return new CompletionRequestBuilder().prompt(new Prompt.Tokens(ids));
  }

  /** A request that continues text, with the defaults. */
  public static CompletionRequestBuilder text(String text) {
    return new CompletionRequestBuilder().prompt(new Prompt.Text(text));
  }

  /**
   * Parses a request body with one prompt that is not echoed.
   *
   * @throws WireException as {@link CompletionsBody#parse}
   */
  public static CompletionRequest parse(byte[] json, int contextTokens) {
    CompletionsBody body = CompletionsBody.parse(json, contextTokens);
    WireException.check(body.prompts().size() == 1, "prompt", "one prompt", body.prompts().size());
    WireException.check(!body.echo(), "echo", "false", true);
    return body.request();
  }

  /** The request body, UTF-8. */
  public byte[] toJson() {
    return CompletionRequestJson.write(this);
  }

  /** A builder that starts from this request. */
  public CompletionRequestBuilder toBuilder() {
    return CompletionRequestBuilder.of(this);
  }
}
