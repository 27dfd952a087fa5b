package dev.freshet.client;

import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.GenerateBody;

/** A route that streams completions: its path, its request and its events. */
public enum GenerationRoute {
  /** OpenAI's, which every program has. */
  COMPLETIONS("/v1/completions"),

  /**
   * vLLM's route of token ids, which reports the version that sampled each token. It answers 403
   * unless vLLM was started with {@code --enable-scale-out}.
   */
  VLLM_TOKENS("/inference/v1/generate"),

  /** SGLang's own, whose newest versions report the version that sampled each token. */
  SGLANG("/generate");

  private final String path;

  GenerationRoute(String path) {
    this.path = path;
  }

  /** The path of the route. */
  public String path() {
    return path;
  }

  /**
   * The body of a streaming request.
   *
   * @throws dev.freshet.wire.WireException if the route cannot carry the request
   */
  byte[] body(CompletionRequest request) {
    return switch (this) {
      case COMPLETIONS -> request.toBuilder().stream(true).includeUsage(true).build().toJson();
      case VLLM_TOKENS -> GenerateBody.vllm(request);
      case SGLANG -> GenerateBody.sglang(request);
    };
  }

  /** A reader of the events of one answer. */
  ChunkFormat format(CompletionAssembler into) {
    return switch (this) {
      case COMPLETIONS, VLLM_TOKENS -> new ChoiceChunks(into);
      case SGLANG -> new SglangChunks(into);
    };
  }
}
