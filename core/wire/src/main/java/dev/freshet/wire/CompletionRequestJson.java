package dev.freshet.wire;

import dev.freshet.trace.Quoted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.core.JsonGenerator;

/**
 * {@link CompletionRequest} ↔ JSON. {@code null} equals an absent field. An unknown field is an
 * error; see {@link NeutralFields} for those that are not supported.
 */
final class CompletionRequestJson {
  /** vLLM's value for no seed. */
  private static final long NO_SEED = -1;

  /** A token id as the name of a field: digits without leading zeros. */
  private static final Pattern TOKEN_ID = Pattern.compile("0|[1-9][0-9]{0,9}");

  private final CompletionRequest.Builder request = new CompletionRequest.Builder();
  private final int contextTokens;

  /** How many completions to choose the {@code n} best of. */
  private int bestOf = 1;

  private CompletionRequestJson(int contextTokens) {
    this.contextTokens = contextTokens;
  }

  static CompletionRequest parse(byte[] json, int contextTokens) {
    CompletionRequestJson fields = new CompletionRequestJson(contextTokens);
    try (WireReader in = WireReader.strict(json)) {
      in.document(
          name -> {
            if (!in.isNull()) {
              fields.read(name, in);
            }
          });
    }
    return fields.requireNeutral(fields.request.build());
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
      case "model" -> request.model(in.text());
      case "prompt" -> request.prompt(prompt(in));
      case "n" -> request.n(in.integer());
      case "best_of" -> bestOf = in.integer();
      case "max_tokens" -> request.maxTokens(in.integer());
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
      case "stream" -> request.stream(in.bool());
      case "stream_options" -> streamOptions(in);
      case "logprobs" -> request.logprobs(in.integer());
      case "logprobs_mode" -> request.logprobsMode(LogprobsMode.of(in.text()));
      case "request_id" -> request.requestId(in.text());
      case "return_token_ids" -> request.returnTokenIds(in.bool());
      case "priority" -> request.priority(in.longInteger());
      case "cache_salt" -> request.cacheSalt(in.text());
      default -> {
        if (!NeutralFields.read(name, in)) {
          throw new WireException("unknown field " + Quoted.of(name));
        }
      }
    }
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
            case "continuous_usage_stats", "include_obfuscation" ->
                NeutralFields.require(in, !set, "false");
            default ->
                throw new WireException("stream_options: unknown field " + Quoted.of(option));
          }
        });
  }

  private Prompt prompt(WireReader in) {
    if (in.isText()) {
      return new Prompt.Text(in.text());
    }
    if (in.isList()) {
      return prompts(in);
    }
    throw in.expected("a string or a list of token ids");
  }

  /** A list of token ids, or a list of one prompt. */
  private Prompt prompts(WireReader in) {
    IntList ids = new IntList();
    List<Prompt> prompts = new ArrayList<>(1);
    in.elements(
        () -> {
          if (ids.size() > 0) {
            addId(in, ids);
          } else if (!prompts.isEmpty()) {
            throw new WireException(
                "prompt: expected one prompt, got a list of several: send a request for each");
          } else if (in.isText()) {
            prompts.add(new Prompt.Text(in.text()));
          } else if (in.isList()) {
            prompts.add(new Prompt.Tokens(ids(in)));
          } else {
            addId(in, ids);
          }
        });
    return prompts.isEmpty() ? new Prompt.Tokens(ids.toArray()) : prompts.getFirst();
  }

  private int[] ids(WireReader in) {
    IntList ids = new IntList();
    in.elements(() -> addId(in, ids));
    return ids.toArray();
  }

  private void addId(WireReader in, IntList ids) {
    if (ids.size() >= contextTokens - 1) {
      throw new WireException(
          "prompt: expected at most %d token ids, got more: the context (inference.max_model_len) is %d, and one token is generated"
              .formatted(contextTokens - 1, contextTokens));
    }
    ids.add(in.integer(0));
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
          out.writeBooleanProperty("ignore_eos", request.ignoreEos());
          write(request.rules(), out);
          out.writeBooleanProperty("stream", request.stream());
          if (request.includeUsage()) {
            out.writeObjectPropertyStart("stream_options");
            out.writeBooleanProperty("include_usage", true);
            out.writeEndObject();
          }
          request.logprobs().ifPresent(count -> out.writeNumberProperty("logprobs", count));
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

  /** Writes the rules that are not neutral: not every server knows their fields. */
  private static void write(LogitRules rules, JsonGenerator out) {
    if (rules.minTokens() > 0) {
      out.writeNumberProperty("min_tokens", rules.minTokens());
    }
    if (!rules.bias().isEmpty()) {
      out.writeObjectPropertyStart("logit_bias");
      rules.bias().forEach((id, bias) -> out.writeNumberProperty(Integer.toString(id), bias));
      out.writeEndObject();
    }
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
}
