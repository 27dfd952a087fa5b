package dev.freshet.server;

import dev.freshet.engine.EmbeddedEngine;
import dev.freshet.text.Tokenizer;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Facts about the served model that the engine does not provide.
 *
 * @param root the location of the base model, as {@code /v1/models} shows it
 * @param eosTokens the tokens that end a completion
 * @param chatPrompts renders conversations
 */
public record ServedModel(String root, Set<Integer> eosTokens, ChatPrompts chatPrompts) {
  public ServedModel {
    eosTokens = Set.copyOf(eosTokens);
  }

  /** A model that completes texts alone. */
  public ServedModel(String root, Set<Integer> eosTokens) {
    this(root, eosTokens, ChatPrompts.NONE);
  }

  /**
   * The model in a directory. Its completions end with a token that its configuration or its
   * tokenizer names: models tuned for chats often name the end of a turn only in the tokenizer's.
   */
  static ServedModel of(Path dir, EmbeddedEngine engine, Tokenizer tokenizer) {
    Set<Integer> ends = new HashSet<>(engine.eosTokens());
    tokenizer.endToken().ifPresent(ends::add);
    return new ServedModel(dir.toString(), ends, ChatPrompts.in(dir));
  }
}
