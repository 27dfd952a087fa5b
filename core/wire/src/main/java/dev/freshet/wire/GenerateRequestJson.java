package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.Optional;

/**
 * Reads the body of vLLM's {@code /inference/v1/generate}. {@code null} equals an absent field. An
 * unknown field is an error; see {@link NeutralFields} for those that are not supported.
 */
final class GenerateRequestJson {
  private final CompletionRequestBuilder request = new CompletionRequestBuilder();
  private final SamplingFields sampling = new SamplingFields(request);
  private final int contextTokens;

  private Optional<int[]> ids = Optional.empty();
  private boolean hasParameters;
  private boolean hasMost;

  private GenerateRequestJson(int contextTokens) {
    this.contextTokens = contextTokens;
  }

  static CompletionRequest parse(byte[] json, int contextTokens) {
    GenerateRequestJson fields = new GenerateRequestJson(contextTokens);
    try (WireReader in = WireReader.strict(json)) {
      in.documentWithoutNulls(fields::read);
    }
    return fields.build();
  }

  private CompletionRequest build() {
    if (ids.isEmpty()) {
      throw new WireException("token_ids: expected a list of token ids, got none");
    }
    if (!hasParameters) {
      throw new WireException("sampling_params: expected an object, got none");
    }
    if (!hasMost) {
      request.maxTokens(contextTokens - ids.get().length);
    }
    return SamplingFields.checked(request.prompt(new Prompt.Tokens(ids.get())).build());
  }

  private void read(String name, WireReader in) {
    switch (name) {
      case "token_ids" ->
          ids = Optional.of(CompletionRequestJson.ids("token_ids", in, contextTokens));
      case "sampling_params" -> {
        hasParameters = true;
        in.fields(
            parameter -> {
              if (!in.isNull()) {
                parameter(parameter, in);
              }
            });
      }
      case "model", "stream", "stream_options", "request_id", "priority", "cache_salt" -> {
        var _ = sampling.read(name, in);
      }
      case "return_token_ids" -> {
        var _ = in.bool(); // The answer always has them.
      }
      case "output_mode" -> NeutralFields.require(in, in.text().equals("tokens"), "\"tokens\"");
      case "features" -> throw NeutralFields.unsupported(in, "null");
      default -> {
        if (!NeutralFields.read(name, in)) {
          throw new WireException("unknown field " + Quoted.of(name));
        }
      }
    }
  }

  private void parameter(String name, WireReader in) {
    switch (name) {
      case "max_tokens" -> {
        hasMost = true;
        int most = in.integer();
        WireException.checkMostTokens(name, most, contextTokens);
        request.maxTokens(most);
      }
      case "logprobs" -> request.logprobs(in.integer());
      case "detokenize" -> {
        var _ = in.bool(); // The answer has no text.
      }
      default -> {
        if (!sampling.read(name, in) && !NeutralFields.read(name, in)) {
          throw new WireException("unknown field " + Quoted.of(name) + " in sampling_params");
        }
      }
    }
  }
}
