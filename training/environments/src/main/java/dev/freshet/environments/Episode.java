package dev.freshet.environments;

import java.util.List;
import java.util.Map;

/**
 * One attempt at a problem: messages, a turn of the policy, further messages, another turn, until
 * the environment ends it. Its methods are called one after the other, not always by one thread. A
 * call is interrupted when its deadline has passed; {@link #close} is called even if it still runs.
 */
public interface Episode extends AutoCloseable {
  /** The messages before the first turn; one or more. Called once, first. */
  List<Message> begin();

  /** Takes a turn of the policy. Not called after a {@link Step.End}. */
  Step next(Answer answer);

  /**
   * The score of an episode that has no room for another turn, because of the limit of tokens or
   * turns. Called instead of {@link #next}, at most once.
   */
  default Step.End cutOff() {
    return new Step.End(0, Map.of());
  }

  /** Frees what the episode holds. Called once, last, also after a failure. */
  @Override
  default void close() {}
}
