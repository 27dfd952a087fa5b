package dev.freshet.wire;

import java.util.Optional;

/**
 * The body of {@code POST /tokenize}, as vLLM's: a text, or the messages of a chat with what the
 * chat template reads.
 *
 * @param model the requested model; empty for the served one
 * @param text the text; empty if there are messages
 * @param chat the chat; empty if there is a text
 * @param addSpecialTokens whether a text gets the tokens that the tokenizer adds around texts
 * @param returnTokenStrings whether the answer has the texts of the tokens
 */
public record TokenizeRequest(
    Optional<String> model,
    Optional<String> text,
    Optional<ChatRequest> chat,
    boolean addSpecialTokens,
    boolean returnTokenStrings) {
  /**
   * Parses a request body.
   *
   * @throws WireException naming the field that is missing, unknown or of a wrong type
   */
  public static TokenizeRequest parse(byte[] json) {
    return new Parser().parse(json);
  }

  private static final class Parser {
    private final ChatRequestJson chat = new ChatRequestJson();
    private Optional<String> model = Optional.empty();
    private Optional<String> text = Optional.empty();
    private boolean isChat;
    private boolean addSpecialTokens = true;
    private boolean returnTokenStrings;

    TokenizeRequest parse(byte[] json) {
      try (WireReader in = WireReader.strict(json)) {
        in.document(
            name -> {
              if (!in.isNull()) {
                read(name, in);
              }
            });
      }
      if (text.isPresent() == isChat) {
        throw new WireException(
            "expected either prompt or messages, got %s".formatted(isChat ? "both" : "none"));
      }
      return new TokenizeRequest(
          model,
          text,
          isChat ? Optional.of(chat.build()) : Optional.empty(),
          addSpecialTokens,
          returnTokenStrings);
    }

    private void read(String name, WireReader in) {
      switch (name) {
        case "model" -> model = Optional.of(in.text());
        case "prompt" -> text = Optional.of(in.text());
        case "add_special_tokens" -> addSpecialTokens = in.bool();
        case "return_token_strs" -> returnTokenStrings = in.bool();
        default -> {
          isChat |= name.equals("messages");
          chat.read(name, in);
        }
      }
    }
  }
}
