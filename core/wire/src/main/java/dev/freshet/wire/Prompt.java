package dev.freshet.wire;

/** The prompt of a completion. */
public sealed interface Prompt {
  /** Text, which the server tokenizes. */
  record Text(String text) implements Prompt {}

  /** Token ids, used unchanged. At least one, none negative. */
  record Tokens(int[] ids) implements Prompt {
    public Tokens {
      if (ids.length == 0) {
        throw new WireException("prompt: expected at least one token id, got an empty list");
      }
      for (int i = 0; i < ids.length; i++) {
        if (ids[i] < 0) {
          throw new WireException(
              "prompt/%d: expected a token id of at least 0, got %d".formatted(i, ids[i]));
        }
      }
    }
  }
}
