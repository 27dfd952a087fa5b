package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The fields that requests for text completions and for chat completions have in common. */
final class SamplingFields {
  /** vLLM's value for no seed. */
  private static final long NO_SEED = -1;

  /** A token id as the name of a field: digits without leading zeros. */
  private static final Pattern TOKEN_ID = Pattern.compile("0|[1-9][0-9]{0,9}");

  private final CompletionRequestBuilder request;

  /**
   * @param request takes what is read
   */
  SamplingFields(CompletionRequestBuilder request) {
    this.request = request;
  }

  /**
   * Reads the current value, which is not null, if {@code name} is such a field; returns whether it
   * is.
   */
  boolean read(String name, WireReader in) {
    switch (name) {
      case "model" -> request.model(in.text());
      case "n" -> request.n(in.integer());
      case "temperature" -> request.temperature(in.number());
      case "top_p" -> request.topP(in.number());
      case "top_k" -> request.topK(in.integer() == -1 ? 0 : in.integer());
      case "min_p" -> request.minP(in.number());
      case "seed" -> seed(in.longInteger());
      case "stop" -> request.stop(in.isText() ? List.of(in.text()) : texts(in));
      case "stop_token_ids" -> request.stopTokenIds(stopTokens(in));
      case "ignore_eos" -> request.ignoreEos(in.bool());
      case "min_tokens" -> request.minTokens(in.integer());
      case "logit_bias" -> request.logitBias(biases(in));
      case "repetition_penalty" -> request.repetitionPenalty(in.number());
      case "frequency_penalty" -> request.frequencyPenalty(in.number());
      case "presence_penalty" -> request.presencePenalty(in.number());
      case "response_format" ->
          StructuredOutputJson.responseFormat(name, in).ifPresent(request::output);
      case "structured_outputs" ->
          StructuredOutputJson.structuredOutputs(name, in).ifPresent(request::output);
      case "stream" -> request.stream(in.bool());
      case "stream_options" -> streamOptions(in);
      case "logprobs_mode" -> request.logprobsMode(LogprobsMode.of(in.text()));
      case "prompt_logprobs" -> request.promptLogprobs(in.integer());
      case "request_id" -> request.requestId(in.text());
      case "return_token_ids" -> request.returnTokenIds(in.bool());
      case "add_special_tokens" -> request.text(request.text().withAddSpecialTokens(in.bool()));
      case "skip_special_tokens" -> request.text(request.text().withSkipSpecialTokens(in.bool()));
      case "include_stop_str_in_output" -> request.text(request.text().withIncludeStop(in.bool()));
      case "return_tokens_as_token_ids" -> request.text(request.text().withTokensAsIds(in.bool()));
      case "priority" -> request.priority(in.longInteger());
      case "cache_salt" -> request.cacheSalt(in.text());
      default -> {
        return false;
      }
    }
    return true;
  }

  /**
   * The request as it was read.
   *
   * @throws WireException if its fields do not fit together
   */
  static CompletionRequest checked(CompletionRequest read) {
    WireException.check(
        !read.stream() || read.promptLogprobs().isEmpty(),
        "prompt_logprobs",
        "null if stream is true",
        read.promptLogprobs().orElse(0));
    return read;
  }

  private void seed(long value) {
    if (value != NO_SEED) {
      request.seed(value);
    }
  }

  private void streamOptions(WireReader in) {
    in.fields(
        option -> {
          boolean set = !in.isNull() && in.bool();
          switch (option) {
            case "include_usage" -> request.includeUsage(set);
            case "continuous_usage_stats" -> request.continuousUsage(set);
            case "include_obfuscation" -> NeutralFields.require(in, !set, "false");
            default ->
                throw new WireException("stream_options: unknown field " + Quoted.of(option));
          }
        });
  }

  private static List<Integer> stopTokens(WireReader in) {
    List<Integer> ids = new ArrayList<>();
    in.elements(CompletionRequest.MAX_STOP_TOKENS, () -> ids.add(in.integer(0)));
    return ids;
  }

  /** Biases by token id; JSON's names are strings. */
  private static Map<Integer, Double> biases(WireReader in) {
    Map<Integer, Double> biases = new HashMap<>();
    in.fields(
        name -> {
          if (biases.size() == LogitRules.MAX_BIASES) {
            throw new WireException(
                "logit_bias: expected at most %d entries, got more"
                    .formatted(LogitRules.MAX_BIASES));
          }
          biases.put(tokenId(name), in.number());
        });
    return biases;
  }

  private static int tokenId(String name) {
    if (TOKEN_ID.matcher(name).matches() && Long.parseLong(name) <= Integer.MAX_VALUE) {
      return Integer.parseInt(name);
    }
    throw new WireException("logit_bias: expected token ids as names, got " + Quoted.of(name));
  }

  private static List<String> texts(WireReader in) {
    List<String> texts = new ArrayList<>();
    in.elements(CompletionRequest.MAX_STOP, () -> texts.add(in.text()));
    return texts;
  }
}
