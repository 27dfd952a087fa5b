package dev.freshet.environments;

/**
 * The policy's output in one turn.
 *
 * @param text the text without the ending token
 * @param tokenIds the tokens as they were sampled, including the ending token
 * @param finishReason {@code stop} or {@code length}
 */
public record Answer(String text, int[] tokenIds, String finishReason) {
  /** Whether the token limit ended the turn. */
  public boolean truncated() {
    return finishReason.equals("length");
  }
}
