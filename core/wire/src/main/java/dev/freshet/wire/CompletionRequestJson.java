package dev.freshet.wire;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * {@link CompletionRequest} ↔ JSON. {@code null} equals an absent field. An unknown field is an
 * error, and so is an unsupported field with a value that would change the answer; with its neutral
 * value it is skipped.
 */
final class CompletionRequestJson {
  /** Fields that never change the answer. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of("user", "priority", "cache_salt", "metadata", "store");

  private final CompletionRequest.Builder request = new CompletionRequest.Builder();

  private CompletionRequestJson() {}

  static CompletionRequest parse(byte[] json) {
    CompletionRequestJson fields = new CompletionRequestJson();
    try (WireReader in = WireReader.strict(json)) {
      in.document(
          name -> {
            if (!in.isNull()) {
              fields.read(name, in);
            }
          });
    }
    return fields.request.build();
  }

  private void read(String name, WireReader in) {
    switch (name) {
      case "model" -> request.model(in.text());
      case "prompt" -> request.prompt(prompt(in));
      case "max_tokens" -> request.maxTokens(in.integer());
      case "temperature" -> request.temperature(in.number());
      case "top_p" -> request.topP(in.number());
      case "top_k" -> request.topK(in.integer() == -1 ? 0 : in.integer());
      case "seed" -> request.seed(in.longInteger());
      case "stop" -> request.stop(in.isText() ? List.of(in.text()) : texts(in));
      case "stop_token_ids" -> request.stopTokenIds(Arrays.stream(ids(in)).boxed().toList());
      case "ignore_eos" -> request.ignoreEos(in.bool());
      case "stream" -> request.stream(in.bool());
      case "stream_options" -> streamOptions(in);
      case "logprobs" -> request.logprobs(in.integer());
      case "request_id" -> request.requestId(in.text());
      case "return_token_ids" -> request.returnTokenIds(in.bool());
      case "n", "best_of" -> neutral(in, in.integer() == 1, "1");
      case "repetition_penalty", "length_penalty" -> neutral(in, in.number() == 1, "1");
      case "presence_penalty", "frequency_penalty", "min_p" -> neutral(in, in.number() == 0, "0");
      case "min_tokens" -> neutral(in, in.integer() == 0, "0");
      case "echo", "use_beam_search", "include_stop_str_in_output", "return_tokens_as_token_ids" ->
          neutral(in, !in.bool(), "false");
      case "skip_special_tokens" -> neutral(in, in.bool(), "true");
      case "suffix" -> neutral(in, in.text().isEmpty(), "an empty string");
      default -> {
        if (!WITHOUT_EFFECT.contains(name)) {
          throw new WireException("unknown field '%s'".formatted(name));
        }
        in.skip();
      }
    }
  }

  private void streamOptions(WireReader in) {
    in.fields(
        option -> {
          switch (option) {
            case "include_usage" -> request.includeUsage(!in.isNull() && in.bool());
            case "continuous_usage_stats" -> neutral(in, in.isNull() || !in.bool(), "false");
            default ->
                throw new WireException("unknown field 'stream_options/%s'".formatted(option));
          }
        });
  }

  private static void neutral(WireReader in, boolean holds, String only) {
    if (!holds) {
      throw in.expected(only + " (other values are not supported)");
    }
  }

  private static Prompt prompt(WireReader in) {
    if (in.isText()) {
      return new Prompt.Text(in.text());
    }
    if (in.isList()) {
      return new Prompt.Tokens(ids(in));
    }
    throw in.expected("a string or a list of token ids");
  }

  private static int[] ids(WireReader in) {
    IntList ids = new IntList();
    in.elements(() -> ids.add(in.integer()));
    return ids.toArray();
  }

  private static List<String> texts(WireReader in) {
    List<String> texts = new ArrayList<>();
    in.elements(() -> texts.add(in.text()));
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
          out.writeNumberProperty("max_tokens", request.maxTokens());
          out.writeNumberProperty("temperature", request.temperature());
          out.writeNumberProperty("top_p", request.topP());
          out.writeNumberProperty("top_k", request.topK());
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
          out.writeBooleanProperty("stream", request.stream());
          if (request.includeUsage()) {
            out.writeObjectPropertyStart("stream_options");
            out.writeBooleanProperty("include_usage", true);
            out.writeEndObject();
          }
          request.logprobs().ifPresent(count -> out.writeNumberProperty("logprobs", count));
          out.writeBooleanProperty("return_token_ids", request.returnTokenIds());
          request.requestId().ifPresent(id -> out.writeStringProperty("request_id", id));
        });
  }
}
