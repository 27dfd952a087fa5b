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

  private final String beforeId;
  private final String afterId;

  GenerationForm(String beforeId, String afterId) {
    this.beforeId = beforeId;
    this.afterId = afterId;
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
