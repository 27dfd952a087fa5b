package dev.freshet.wire;

import tools.jackson.core.JsonGenerator;

/**
 * The bodies of requests to the generation routes of vLLM and SGLang, which take token ids. The
 * rules and the sampling are those of the {@link CompletionRequest}; {@code logprobs_mode}, {@code
 * n} and {@code return_token_ids} have no counterpart.
 */
public final class GenerateBody {
  private GenerateBody() {}

  /**
   * Parses the body of {@code /inference/v1/generate}. Without {@code max_tokens} the completion
   * may fill the context.
   *
   * @param contextTokens the most tokens of prompt and completion together
   * @throws WireException naming the field that is missing, unknown, of a wrong type or out of
   *     range
   */
  public static CompletionRequest parse(byte[] json, int contextTokens) {
    return GenerateRequestJson.parse(json, contextTokens);
  }

  /**
   * The body of vLLM's {@code /inference/v1/generate}.
   *
   * @throws WireException if the prompt is text
   */
  public static byte[] vllm(CompletionRequest request) {
    int[] ids = ids(request);
    return WireWriter.object(
        out -> {
          request.model().ifPresent(name -> out.writeStringProperty("model", name));
          out.writeName("token_ids");
          out.writeArray(ids, 0, ids.length);
          out.writeObjectPropertyStart("sampling_params");
          out.writeNumberProperty("max_tokens", request.maxTokens());
          out.writeNumberProperty("min_tokens", request.rules().minTokens());
          out.writeNumberProperty("top_k", request.topK());
          sampling(out, request);
          request.seed().ifPresent(seed -> out.writeNumberProperty("seed", seed));
          request.logprobs().ifPresent(count -> out.writeNumberProperty("logprobs", count));
          out.writeEndObject();
          out.writeBooleanProperty("stream", true);
          out.writeObjectPropertyStart("stream_options");
          out.writeBooleanProperty("include_usage", true);
          out.writeEndObject();
          if (request.priority() != 0) {
            out.writeNumberProperty("priority", request.priority());
          }
          request.cacheSalt().ifPresent(salt -> out.writeStringProperty("cache_salt", salt));
          request.requestId().ifPresent(id -> out.writeStringProperty("request_id", id));
        });
  }

  /**
   * The body of SGLang's {@code /generate}, without the seed and the priority: SGLang has seeds in
   * its deterministic mode only, and its priorities are ordered the other way unless it is
   * configured otherwise.
   *
   * @throws WireException if the prompt is text
   */
  public static byte[] sglang(CompletionRequest request) {
    int[] ids = ids(request);
    return WireWriter.object(
        out -> {
          request.model().ifPresent(name -> out.writeStringProperty("lora_path", name));
          out.writeName("input_ids");
          out.writeArray(ids, 0, ids.length);
          out.writeObjectPropertyStart("sampling_params");
          out.writeNumberProperty("max_new_tokens", request.maxTokens());
          out.writeNumberProperty("min_new_tokens", request.rules().minTokens());
          out.writeNumberProperty("top_k", request.topK() == 0 ? -1 : request.topK());
          sampling(out, request);
          out.writeEndObject();
          out.writeBooleanProperty("return_logprob", request.logprobs().isPresent());
          request.logprobs().ifPresent(count -> out.writeNumberProperty("top_logprobs_num", count));
          out.writeBooleanProperty("stream", true);
          request.cacheSalt().ifPresent(salt -> out.writeStringProperty("extra_key", salt));
          request.requestId().ifPresent(id -> out.writeStringProperty("rid", id));
        });
  }

  private static int[] ids(CompletionRequest request) {
    if (request.prompt() instanceof Prompt.Tokens(int[] ids)) {
      return ids;
    }
    throw new WireException("prompt: expected token ids, got text");
  }

  /** The parameters that both programs call alike. */
  private static void sampling(JsonGenerator out, CompletionRequest request) {
    out.writeNumberProperty("temperature", request.temperature());
    out.writeNumberProperty("top_p", request.topP());
    out.writeNumberProperty("min_p", request.minP());
    CompletionRequestJson.writeStops(request, out);
    out.writeBooleanProperty("ignore_eos", request.ignoreEos());
    LogitRules rules = request.rules();
    out.writeNumberProperty("repetition_penalty", rules.repetitionPenalty());
    out.writeNumberProperty("frequency_penalty", rules.frequencyPenalty());
    out.writeNumberProperty("presence_penalty", rules.presencePenalty());
    CompletionRequestJson.writeBias(rules, out);
    request.output().ifPresent(output -> StructuredOutputJson.write(output, out));
  }
}
