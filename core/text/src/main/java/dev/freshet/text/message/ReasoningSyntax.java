package dev.freshet.text.message;

/** How a model writes its reasoning, by the names of vLLM's parsers. */
public enum ReasoningSyntax {
  /** Reasoning is content. */
  NONE,
  /** Between think tags. */
  DEEPSEEK_R1,
  /** Between think tags; a tool call ends the reasoning too. */
  QWEN3;

  /** A parser of one message, whose answer {@code answer} parses. */
  MessageParser parser(MessageParser answer) {
    return switch (this) {
      case NONE -> answer;
      case DEEPSEEK_R1 -> new ThinkTags(false, answer);
      case QWEN3 -> new ThinkTags(true, answer);
    };
  }

  /**
   * The syntax of the message that continues a prompt: none if the chat template has ended the
   * reasoning there, as templates do when thinking is switched off.
   */
  public ReasoningSyntax after(String prompt) {
    return prompt.stripTrailing().endsWith("</think>") ? NONE : this;
  }
}
