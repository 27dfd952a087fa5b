package dev.freshet.server;

import dev.freshet.engine.EmbeddedEngine;
import dev.freshet.text.Tokenizer;
import dev.freshet.text.message.MessageFormat;
import dev.freshet.text.message.ToolCallSyntax;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Facts about the served model that the engine does not provide.
 *
 * @param root the location of the base model, as {@code /v1/models} shows it
 * @param eosTokens the tokens that end a completion
 * @param chatPrompts renders conversations
 * @param messages how the model writes its answers to conversations
 */
public record ServedModel(
    String root, Set<Integer> eosTokens, ChatPrompts chatPrompts, MessageFormat messages) {
  public ServedModel {
    eosTokens = Set.copyOf(eosTokens);
  }

  /** A model that completes texts alone. */
  public ServedModel(String root, Set<Integer> eosTokens) {
    this(root, eosTokens, ChatPrompts.NONE, MessageFormat.PLAIN);
  }

  /**
   * The model in a directory. Its completions end with a token that its configuration or its
   * tokenizer names: models tuned for chats often name the end of a turn only in the tokenizer's.
   *
   * @param messages how it writes its answers; {@link ToolCallSyntax#AUTO} for the tool calls that
   *     its chat template asks for
   */
  static ServedModel of(
      Path dir, EmbeddedEngine engine, Tokenizer tokenizer, MessageFormat messages) {
    Set<Integer> ends = new HashSet<>(engine.eosTokens());
    tokenizer.endToken().ifPresent(ends::add);
    ChatPrompts prompts = ChatPrompts.in(dir);
    return new ServedModel(
        dir.toString(),
        ends,
        prompts,
        new MessageFormat(messages.calls().of(prompts.toolTemplate()), messages.reasoning()));
  }
}
