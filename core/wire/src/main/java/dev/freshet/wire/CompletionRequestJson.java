package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/**
 * {@link CompletionRequest} ↔ JSON. {@code null} equals an absent field. An unknown field is an
 * error; see {@link NeutralFields} for those that are not supported.
 */
final class CompletionRequestJson {
  private final CompletionRequestBuilder request = new CompletionRequestBuilder();
  private final SamplingFields sampling = new SamplingFields(request);
  private final int contextTokens;

  /** How many completions to choose the {@code n} best of. */
  private int bestOf = 1;

  private List<Prompt> prompts = List.of();
  private boolean echo;

  private CompletionRequestJson(int contextTokens) {
    this.contextTokens = contextTokens;
  }

  static CompletionsBody parse(byte[] json, int contextTokens) {
    CompletionRequestJson fields = new CompletionRequestJson(contextTokens);
    try (WireReader in = WireReader.strict(json)) {
      in.documentWithoutNulls(fields::read);
    }
    return fields.build();
  }

  private CompletionsBody build() {
    if (!prompts.isEmpty()) {
      request.prompt(prompts.getFirst());
    }
    CompletionRequest read = requireNeutral(SamplingFields.checked(request.build()));
    if (echo && read.promptLogprobs().isEmpty() && read.logprobs().isPresent()) {
      read = read.toBuilder().promptLogprobs(read.logprobs().getAsInt()).build();
    }
    return new CompletionsBody(read, prompts, echo);
  }

  /** All completions are returned: there are never more to choose from. */
  private CompletionRequest requireNeutral(CompletionRequest read) {
    WireException.check(
        bestOf == 1 || bestOf == read.n(),
        "best_of",
        "1 or n (other values are not supported)",
        bestOf);
    return read;
  }

  private void read(String name, WireReader in) {
    switch (name) {
      case "prompt" -> prompts = prompts(in);
      case "echo" -> echo = in.bool();
      case "best_of" -> bestOf = in.integer();
      case "max_tokens" -> {
        int most = in.integer();
        WireException.checkMostTokens(name, most, contextTokens);
        request.maxTokens(most);
      }
      case "logprobs" -> request.logprobs(in.integer());
      default -> {
        if (!sampling.read(name, in) && !NeutralFields.read(name, in)) {
          throw new WireException("unknown field " + Quoted.of(name));
        }
      }
    }
  }

  /** A text, a list of token ids, or a list of such prompts. */
  private List<Prompt> prompts(WireReader in) {
    if (in.isText()) {
      return List.of(new Prompt.Text(in.text()));
    }
    if (!in.isList()) {
      throw in.expected("a string or a list of token ids, or a list of these");
    }
    IntList ids = new IntList();
    List<Prompt> several = new ArrayList<>(1);
    in.elements(
        () -> {
          if (ids.size() > 0 || !(in.isText() || in.isList())) {
            addId("prompt", in, ids, contextTokens);
          } else {
            several.add(element(in, several.size()));
          }
          if (ids.size() > 0 && !several.isEmpty()) {
            throw in.expected("prompts of one kind, not token ids among them");
          }
        });
    return several.isEmpty() ? List.of(new Prompt.Tokens(ids.toArray())) : several;
  }

  private Prompt element(WireReader in, int before) {
    WireException.check(
        before < CompletionsBody.MAX_PROMPTS,
        "prompt",
        "at most " + CompletionsBody.MAX_PROMPTS + " prompts",
        "more");
    return in.isText()
        ? new Prompt.Text(in.text())
        : new Prompt.Tokens(ids("prompt", in, contextTokens));
  }

  /**
   * Reads the token ids of a prompt.
   *
   * @param field names them in messages
   */
  static int[] ids(String field, WireReader in, int contextTokens) {
    IntList ids = new IntList();
    in.elements(() -> addId(field, in, ids, contextTokens));
    return ids.toArray();
  }

  private static void addId(String field, WireReader in, IntList ids, int contextTokens) {
    if (ids.size() >= contextTokens - 1) {
      throw new WireException(
          "%s: expected at most %d token ids, got more: the context (inference.max_model_len) is %d, and one token is generated"
              .formatted(field, contextTokens - 1, contextTokens));
    }
    ids.add(in.integer(0));
  }

  static byte[] write(CompletionRequest request) {
    return WireWriter.object(
        out -> {
          request.model().ifPresent(name -> out.writeStringProperty("model", name));
          switch (request.prompt()) {
            case Prompt.Text(String text) -> out.writeStringProperty("prompt", text);
            case Prompt.Tokens(int[] ids) -> {
              out.writeName("prompt");
              out.writeArray(ids, 0, ids.length);
            }
          }
          if (request.n() != 1) {
            out.writeNumberProperty("n", request.n());
          }
          out.writeNumberProperty("max_tokens", request.maxTokens());
          out.writeNumberProperty("temperature", request.temperature());
          out.writeNumberProperty("top_p", request.topP());
          out.writeNumberProperty("top_k", request.topK());
          if (request.minP() != 0) {
            out.writeNumberProperty("min_p", request.minP());
          }
          request.seed().ifPresent(seed -> out.writeNumberProperty("seed", seed));
          writeStops(request, out);
          out.writeBooleanProperty("ignore_eos", request.ignoreEos());
          write(request.rules(), out);
          request.output().ifPresent(output -> StructuredOutputJson.write(output, out));
          out.writeBooleanProperty("stream", request.stream());
          if (request.includeUsage()) {
            out.writeObjectPropertyStart("stream_options");
            out.writeBooleanProperty("include_usage", true);
            if (request.continuousUsage()) {
              out.writeBooleanProperty("continuous_usage_stats", true);
            }
            out.writeEndObject();
          }
          write(request.text(), out);
          request.logprobs().ifPresent(count -> out.writeNumberProperty("logprobs", count));
          request
              .promptLogprobs()
              .ifPresent(count -> out.writeNumberProperty("prompt_logprobs", count));
          if (request.logprobsMode() != LogprobsMode.RAW_LOGPROBS) {
            out.writeStringProperty("logprobs_mode", request.logprobsMode().wireName());
          }
          out.writeBooleanProperty("return_token_ids", request.returnTokenIds());
          if (request.priority() != 0) {
            out.writeNumberProperty("priority", request.priority());
          }
          request.cacheSalt().ifPresent(salt -> out.writeStringProperty("cache_salt", salt));
          request.requestId().ifPresent(id -> out.writeStringProperty("request_id", id));
        });
  }

  /** Writes the options that differ from the default: not every server knows their fields. */
  private static void write(TextOptions text, JsonGenerator out) {
    if (!text.addSpecialTokens()) {
      out.writeBooleanProperty("add_special_tokens", false);
    }
    if (!text.skipSpecialTokens()) {
      out.writeBooleanProperty("skip_special_tokens", false);
    }
    if (text.includeStop()) {
      out.writeBooleanProperty("include_stop_str_in_output", true);
    }
    if (text.tokensAsIds()) {
      out.writeBooleanProperty("return_tokens_as_token_ids", true);
    }
  }

  /** Writes the rules that are not neutral: not every server knows their fields. */
  private static void write(LogitRules rules, JsonGenerator out) {
    if (rules.minTokens() > 0) {
      out.writeNumberProperty("min_tokens", rules.minTokens());
    }
    writeBias(rules, out);
    if (rules.repetitionPenalty() != 1) {
      out.writeNumberProperty("repetition_penalty", rules.repetitionPenalty());
    }
    if (rules.frequencyPenalty() != 0) {
      out.writeNumberProperty("frequency_penalty", rules.frequencyPenalty());
    }
    if (rules.presencePenalty() != 0) {
      out.writeNumberProperty("presence_penalty", rules.presencePenalty());
    }
  }

  /** Writes what ends the completion, if there is any. */
  static void writeStops(CompletionRequest request, JsonGenerator out) {
    if (!request.stop().isEmpty()) {
      out.writeArrayPropertyStart("stop");
      request.stop().forEach(out::writeString);
      out.writeEndArray();
    }
    if (!request.stopTokenIds().isEmpty()) {
      out.writeArrayPropertyStart("stop_token_ids");
      request.stopTokenIds().forEach(id -> out.writeNumber(id));
      out.writeEndArray();
    }
  }

  /** Writes the bias of each token that has one. */
  static void writeBias(LogitRules rules, JsonGenerator out) {
    if (!rules.bias().isEmpty()) {
      out.writeObjectPropertyStart("logit_bias");
      rules.bias().forEach((id, bias) -> out.writeNumberProperty(Integer.toString(id), bias));
      out.writeEndObject();
    }
  }
}
