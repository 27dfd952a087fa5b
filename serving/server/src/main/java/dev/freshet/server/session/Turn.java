package dev.freshet.server.session;

import java.util.Arrays;
import java.util.Optional;

/**
 * One prompt and what was sampled for it: a node of a session's tree. It holds only the tokens that
 * its parent does not have, so the tokens of a turn are those of its parent, then its own prompt,
 * then what was sampled. Immutable.
 */
public final class Turn {
  /** About the bytes of a turn without its tokens. */
  private static final int FIXED_BYTES = 1024;

  private final int number;
  private final Optional<Turn> parent;
  private final PrefixKind prefix;
  private final int[] prompt;
  private final SampledTokens sampled;
  private final TurnCall call;
  private final int start;

  /**
   * @param number its number in the session, from 1
   * @param parent the turn whose tokens begin its prompt
   * @param prompt the tokens of its prompt after those of its parent
   */
  Turn(
      int number,
      Optional<Turn> parent,
      PrefixKind prefix,
      int[] prompt,
      SampledTokens sampled,
      TurnCall call) {
    this.number = number;
    this.parent = parent;
    this.prefix = prefix;
    this.prompt = prompt;
    this.sampled = sampled;
    this.call = call;
    this.start = parent.map(Turn::size).orElse(0);
  }

  public int number() {
    return number;
  }

  public Optional<Turn> parent() {
    return parent;
  }

  /** How its prompt begins. */
  public PrefixKind prefix() {
    return prefix;
  }

  /** The tokens of its prompt after those of its parent; not to be changed. */
  public int[] ownPrompt() {
    return prompt;
  }

  public SampledTokens sampled() {
    return sampled;
  }

  /** The call that it answers. */
  public TurnCall call() {
    return call;
  }

  /** The number of its tokens: those of its parent, its own prompt, and what was sampled. */
  public int size() {
    return start + prompt.length + sampled.size();
  }

  /** The number of tokens of its whole prompt. */
  public int promptSize() {
    return start + prompt.length;
  }

  /** The tokens of its whole prompt. */
  public int[] prompt() {
    return Arrays.copyOf(tokens(), promptSize());
  }

  /** All of its tokens. */
  public int[] tokens() {
    int[] all = new int[size()];
    for (Turn turn = this; turn != null; turn = turn.parent.orElse(null)) {
      System.arraycopy(turn.prompt, 0, all, turn.start, turn.prompt.length);
      System.arraycopy(turn.sampled.ids(), 0, all, turn.promptSize(), turn.sampled.size());
    }
    return all;
  }

  /** Whether {@code ids} have the tokens of its own prompt where it begins. */
  boolean hasPromptOf(int[] ids) {
    return matches(ids, start, prompt);
  }

  /** Whether {@code ids} have what was sampled after its prompt. */
  boolean hasSampledOf(int[] ids) {
    return matches(ids, promptSize(), sampled.ids());
  }

  private static boolean matches(int[] ids, int from, int[] part) {
    int to = from + part.length;
    return to <= ids.length && Arrays.equals(ids, from, to, part, 0, part.length);
  }

  /** About the bytes that it occupies. */
  long bytes() {
    return FIXED_BYTES
        + (long) Integer.BYTES * prompt.length
        + (long) SampledTokens.TOKEN_BYTES * sampled.size();
  }
}
