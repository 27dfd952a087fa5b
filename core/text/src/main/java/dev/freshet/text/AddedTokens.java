package dev.freshet.text;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The added tokens of a {@code tokenizer.json}, which are found in a text before it is split: of
 * those that begin first, the longest. Only tokens that are matched as they stand are supported:
 * none is normalized, strips the spaces around it, or must be a whole word. Immutable.
 */
final class AddedTokens {
  private final Node root = new Node();

  private AddedTokens() {}

  /** A prefix of some tokens. */
  private static final class Node {
    final Map<Character, Node> next = new HashMap<>();

    /** The token that ends here, or -1. */
    int id = -1;
  }

  /** An added token in a text: where it lies and its id. */
  record Match(int start, int end, int id) {}

  /** The {@code added_tokens} of a file; empty if one of them is matched in another way. */
  static Optional<AddedTokens> of(JsonNode addedTokens) {
    AddedTokens all = new AddedTokens();
    for (JsonNode added : addedTokens) {
      String content = added.path("content").asString("");
      int id = added.path("id").asInt(-1);
      if (content.isEmpty()
          || id < 0
          || added.path("normalized").asBoolean(true)
          || added.path("lstrip").asBoolean(false)
          || added.path("rstrip").asBoolean(false)
          || added.path("single_word").asBoolean(false)) {
        return Optional.empty();
      }
      Node node = all.root;
      for (int i = 0; i < content.length(); i++) {
        node = node.next.computeIfAbsent(content.charAt(i), c -> new Node());
      }
      node.id = id;
    }
    return Optional.of(all);
  }

  /** The first token at or after a position of the text; null if there is none. */
  @Nullable Match find(String text, int from) {
    for (int start = from; start < text.length(); start++) {
      Node node = root.next.get(text.charAt(start));
      Match longest = null;
      for (int i = start + 1; node != null; i++) {
        if (node.id >= 0) {
          longest = new Match(start, i, node.id);
        }
        node = i < text.length() ? node.next.get(text.charAt(i)) : null;
      }
      if (longest != null) {
        return longest;
      }
    }
    return null;
  }
}
