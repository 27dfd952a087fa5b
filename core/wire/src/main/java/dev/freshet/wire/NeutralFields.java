package dev.freshet.wire;

import java.util.Set;

/**
 * The fields of completion requests of OpenAI, vLLM and SGLang that this server does not support.
 * Each is accepted with the value that leaves the answer as it is, which client libraries and
 * routers send, and refused by name with any other.
 */
final class NeutralFields {
  /** Fields that never change the answer. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "user",
          "metadata",
          "store",
          "session_id",
          "truncation_side",
          "return_mm_kwargs",
          "safety_identifier",
          "prompt_cache_key",
          "service_tier");

  /** The most bytes of the value of a field without effect. */
  private static final int MAX_BYTES = 16 << 10;

  private NeutralFields() {}

  /**
   * Reads the current value, which is not null, if {@code name} is such a field; returns whether it
   * is.
   *
   * @throws WireException if the value would change the answer
   */
  static boolean read(String name, WireReader in) {
    switch (name) {
      case "length_penalty", "stream_interval" -> require(in, in.number() == 1, "1");
      case "routed_experts_prompt_start" -> require(in, in.number() == 0, "0");
      case "thinking_token_budget" -> require(in, in.number() == -1, "-1");
      case "use_beam_search",
          "early_stopping",
          "return_token_offsets",
          "return_hidden_states",
          "return_routed_experts",
          "return_cached_tokens_details",
          "no_stop_trim",
          "watermarking" ->
          require(in, !in.bool(), "false");
      case "spaces_between_special_tokens" -> require(in, in.bool(), "true");
      case "suffix" -> require(in, in.text().isEmpty(), "an empty string");
      case "allowed_token_ids", "bad_words", "logprob_token_ids" -> emptyList(in);
      case "kv_transfer_params",
          "ec_transfer_params",
          "vllm_xargs",
          "custom_params",
          "session_params" ->
          emptyObject(in);
      case "prompt_embeds",
          "truncate_prompt_tokens",
          "repetition_detection",
          "guided_json",
          "guided_regex",
          "guided_choice",
          "guided_grammar",
          "guided_decoding_backend",
          "guided_whitespace_pattern",
          "structural_tag",
          "json_schema",
          "regex",
          "ebnf",
          "stop_regex",
          "logits_processors",
          "custom_logit_processor",
          "lora_path",
          "data_parallel_rank" ->
          throw unsupported(in, "null");
      default -> {
        if (!WITHOUT_EFFECT.contains(name)) {
          return false;
        }
        in.skip(MAX_BYTES);
      }
    }
    return true;
  }

  /** The same for the fields of chat completions alone. */
  static boolean readOfChat(String name, WireReader in) {
    switch (name) {
      case "echo", "return_assistant_tokens_mask" -> require(in, !in.bool(), "false");
      case "functions" -> emptyList(in);
      case "mm_processor_kwargs", "audio", "prediction", "web_search_options" -> emptyObject(in);
      case "modalities" -> in.elements(() -> require(in, in.text().equals("text"), "\"text\""));
      case "function_call" -> require(in, in.text().equals("none"), "\"none\"");
      case "chat_template", "verbosity", "media_io_kwargs" -> throw unsupported(in, "null");
      default -> {
        return false;
      }
    }
    return true;
  }

  static void require(WireReader in, boolean holds, String only) {
    if (!holds) {
      throw unsupported(in, only);
    }
  }

  static WireException unsupported(WireReader in, String only) {
    return in.expected(only + " (other values are not supported)");
  }

  private static void emptyList(WireReader in) {
    in.elements(
        () -> {
          throw unsupported(in, "an empty list");
        });
  }

  private static void emptyObject(WireReader in) {
    in.fields(
        _ -> {
          throw unsupported(in, "an empty object");
        });
  }
}
