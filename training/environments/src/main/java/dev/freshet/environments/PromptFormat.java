package dev.freshet.environments;

import dev.freshet.text.Tokenizer;
import dev.freshet.text.template.ChatTemplate;
import dev.freshet.text.template.TemplateException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/**
 * How a model reads a conversation: which tokens messages are. What the policy sampled is never
 * tokenized again; a format makes only the tokens before the first turn and those between two
 * turns. Thread-safe. Errors are {@link UnusableStepException}s.
 */
public interface PromptFormat {
  /** The tokens that end a turn; the ending token is part of the turn. One or more. */
  int[] stopTokenIds();

  /** The tokens before the first turn. */
  int[] open(List<Message> messages);

  /**
   * The tokens between an answer and the next turn, which end the answer's message if its last
   * token does not.
   *
   * @param before the messages before the answer
   * @param messages those after it
   */
  int[] extend(List<Message> before, Answer answer, List<Message> messages);

  /** The text of an answer without its ending token. */
  String text(int[] answer);

  /** The tokens of an answer that no policy sampled, with an ending token. */
  int[] answer(String text);

  /**
   * Plain text.
   *
   * @param source names the model in messages
   * @throws EnvironmentException if the tokenizer has no ending token
   */
  static PromptFormat plain(Tokenizer tokenizer, String source) {
    return new PlainFormat(tokenizer, source);
  }

  /**
   * The format of a model: its chat template, or plain text if it has none.
   *
   * @param model the model's directory
   * @param tokenizer the model's; stays open for as long as the format is used
   * @throws EnvironmentException if the template cannot be read
   */
  static PromptFormat of(Path model, Tokenizer tokenizer, Clock clock) {
    try {
      return ChatTemplate.inDirectory(model, clock)
          .<PromptFormat>map(template -> new ChatFormat(template, tokenizer, model.toString()))
          .orElseGet(() -> plain(tokenizer, model.toString()));
    } catch (TemplateException | IOException e) {
      throw new EnvironmentException(
          "the chat template of %s cannot be read: %s".formatted(model, e.getMessage()), e);
    }
  }
}
