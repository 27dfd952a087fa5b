package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.http.JsonBuffer;

/** How an answer to one of the generation routes is written, as OpenAI and vLLM do. */
enum GenerationForm {
  /** {@code /v1/completions}, the whole answer or an event of a stream. */
  TEXT("{\"id\":\"cmpl-", ",\"object\":\"text_completion\""),

  /** {@code /v1/chat/completions}, the whole answer. */
  CHAT("{\"id\":\"chatcmpl-", ",\"object\":\"chat.completion\""),

  /** {@code /v1/chat/completions}, an event of a stream. */
  CHAT_CHUNK("{\"id\":\"chatcmpl-", ",\"object\":\"chat.completion.chunk\""),

  /** {@code /inference/v1/generate}, the whole answer or an event of a stream. */
  TOKENS("{\"request_id\":\"generate-tokens-", ",\"output_mode\":\"tokens\"");

  private static final byte[] CREATED = ascii(",\"created\":");
  private static final byte[] MODEL = ascii(",\"model\":");
  private static final byte[] CHOICES = ascii(",\"choices\":[");

  private static final byte[] ABSENT_OF_TEXT_WITH_IDS = nulls("routed_experts");
  private static final byte[] ABSENT_OF_TEXT =
      nulls("token_ids", "prompt_token_ids", "routed_experts");
  private static final byte[] ABSENT_OF_CHAT_WITH_IDS = nulls("routed_experts");
  private static final byte[] ABSENT_OF_CHAT = nulls("token_ids", "routed_experts");
  private static final byte[] ABSENT_OF_TOKENS = nulls("routed_experts", "sampling_mask");
  private static final byte[] ABSENT =
      nulls(
          "service_tier",
          "system_fingerprint",
          "kv_transfer_params",
          "ec_transfer_params",
          "metrics");
  private static final byte[] ABSENT_BESIDE_CHAT_WITH_IDS =
      nulls(
          "service_tier",
          "system_fingerprint",
          "prompt_text",
          "kv_transfer_params",
          "ec_transfer_params",
          "metrics");
  private static final byte[] ABSENT_BESIDE_CHAT =
      nulls(
          "service_tier",
          "system_fingerprint",
          "prompt_token_ids",
          "prompt_text",
          "kv_transfer_params",
          "ec_transfer_params",
          "metrics");
  private static final byte[] ABSENT_BESIDE_TOKENS =
      nulls(
          "prompt_token_id_logprobs",
          "mm_placeholders",
          "metrics",
          "kv_transfer_params",
          "ec_transfer_params");

  private final String beforeId;
  private final String afterId;

  GenerationForm(String beforeId, String afterId) {
    this.beforeId = beforeId;
    this.afterId = afterId;
  }

  private static byte[] nulls(String... names) {
    StringBuilder fields = new StringBuilder();
    for (String name : names) {
      fields.append(",\"").append(name).append("\":null");
    }
    return ascii(fields.toString());
  }

  /** The form of an answer to a chat. */
  static GenerationForm ofChat(boolean stream) {
    return stream ? CHAT_CHUNK : CHAT;
  }

  /** The answer's id. */
  String id(String request) {
    return beforeId.substring(beforeId.lastIndexOf('"') + 1) + request;
  }

  /** The JSON of an answer up to its choices. */
  byte[] beginning(String request, long createdSeconds, String model) {
    return new JsonBuffer()
        .raw(ascii(beforeId.substring(0, beforeId.lastIndexOf('"'))))
        .string(id(request))
        .raw(ascii(afterId))
        .raw(CREATED)
        .integer(createdSeconds)
        .raw(MODEL)
        .string(model)
        .raw(CHOICES)
        .toBytes();
  }

  /**
   * The fields of a choice of a whole answer that are null, as in vLLM.
   *
   * @param withIds whether it has token ids
   */
  byte[] absentOfChoice(boolean withIds) {
    return switch (this) {
      case TEXT -> withIds ? ABSENT_OF_TEXT_WITH_IDS : ABSENT_OF_TEXT;
      case CHAT, CHAT_CHUNK -> withIds ? ABSENT_OF_CHAT_WITH_IDS : ABSENT_OF_CHAT;
      case TOKENS -> ABSENT_OF_TOKENS;
    };
  }

  /**
   * The fields of a whole answer after its usage that are null, as in vLLM.
   *
   * @param withIds whether it has the token ids of the prompt
   */
  byte[] absent(boolean withIds) {
    return switch (this) {
      case TEXT -> ABSENT;
      case CHAT, CHAT_CHUNK -> withIds ? ABSENT_BESIDE_CHAT_WITH_IDS : ABSENT_BESIDE_CHAT;
      case TOKENS -> ABSENT_BESIDE_TOKENS;
    };
  }

  /**
   * Whether the ids of the prompt are beside the choices, and not in the first.
   *
   * @param requested whether the client asks for token ids
   */
  boolean hasPromptIds(boolean requested) {
    return switch (this) {
      case TEXT -> false;
      case CHAT, CHAT_CHUNK -> requested;
      case TOKENS -> true;
    };
  }
}
