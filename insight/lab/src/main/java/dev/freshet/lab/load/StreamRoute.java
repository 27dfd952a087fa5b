package dev.freshet.lab.load;

import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.WireWriter;
import java.util.Arrays;
import java.util.Locale;

/** The route by which a load streams. Every route gives a token with its id and its logprob. */
public enum StreamRoute {
  /** Text completions of prompts of token ids, as rollouts ask for them. */
  COMPLETIONS("/v1/completions") {
    @Override
    byte[] body(int promptTokens, int maxTokens) {
      int[] prompt = new int[promptTokens];
      Arrays.fill(prompt, PROMPT_TOKEN);
      return CompletionRequest.tokens(prompt).maxTokens(maxTokens).ignoreEos(true).stream(true)
          .logprobs(0)
          .returnTokenIds(true)
          .build()
          .toJson();
    }
  },

  /** Chats of one message, whose length in characters is that of the prompt in tokens. */
  CHAT("/v1/chat/completions") {
    @Override
    byte[] body(int promptTokens, int maxTokens) {
      return WireWriter.object(
          out -> {
            out.writeArrayPropertyStart("messages");
            out.writeStartObject();
            out.writeStringProperty("role", "user");
            out.writeStringProperty("content", "a".repeat(promptTokens));
            out.writeEndObject();
            out.writeEndArray();
            out.writeNumberProperty("max_completion_tokens", maxTokens);
            out.writeBooleanProperty("ignore_eos", true);
            out.writeBooleanProperty("stream", true);
            out.writeBooleanProperty("logprobs", true);
            out.writeBooleanProperty("return_token_ids", true);
          });
    }
  };

  private static final int PROMPT_TOKEN = 1;

  private final String path;

  StreamRoute(String path) {
    this.path = path;
  }

  /** The name in options and reports. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  String path() {
    return path;
  }

  /** The body of a request that streams. */
  abstract byte[] body(int promptTokens, int maxTokens);
}
