package dev.freshet.server.session;

import java.util.Arrays;
import java.util.Optional;

/**
 * The prompt of a call, and how a session knows it.
 *
 * @param ids its tokens
 * @param parent the turn whose tokens begin it
 * @param prefix how it begins
 * @param text its text, unless the call has token ids
 * @param conversation the identity of its messages, if it is a chat
 */
public record TurnPrompt(
    int[] ids,
    Optional<Turn> parent,
    PrefixKind prefix,
    Optional<String> text,
    Optional<Conversation> conversation) {
  /** The tokens after those of the parent. */
  int[] own() {
    return Arrays.copyOfRange(ids, parent.map(Turn::size).orElse(0), ids.length);
  }
}
