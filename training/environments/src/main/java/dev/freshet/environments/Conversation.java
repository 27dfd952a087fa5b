package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * The messages of one episode and the tokens they add. The tokens of an episode form one sequence
 * that only grows: {@link #open}, an answer as it was sampled, {@link #observe}, the next answer.
 * Used by one thread at a time. Errors are {@link UnusableStepException}s.
 */
public final class Conversation {
  /**
   * The most characters that an environment may say before a turn; a model's context is shorter.
   */
  public static final int MOST_CHARACTERS = 1 << 20;

  private final PromptFormat format;
  private final List<Message> messages = new ArrayList<>();

  public Conversation(PromptFormat format) {
    this.format = format;
  }

  /** The tokens before the first turn. */
  public int[] open(List<Message> first) {
    requireSize(first);
    messages.addAll(first);
    return format.open(first);
  }

  /** The answer that a turn's tokens are. */
  public Answer answer(int[] tokenIds, String finishReason) {
    return new Answer(format.text(tokenIds), tokenIds, finishReason);
  }

  /** The tokens between {@code answer} and the next turn. */
  public int[] observe(Answer answer, List<Message> next) {
    requireSize(next);
    int[] tokens = format.extend(List.copyOf(messages), answer, next);
    messages.add(Message.assistant(answer.text()));
    messages.addAll(next);
    return tokens;
  }

  private static void requireSize(List<Message> said) {
    long characters = said.stream().mapToLong(message -> message.content().length()).sum();
    if (said.isEmpty() || characters > MOST_CHARACTERS) {
      throw new UnusableStepException(
          Kind.SIZE,
          "the environment said %d messages of %d characters: expected at least one message and at most %d characters"
              .formatted(said.size(), characters, MOST_CHARACTERS));
    }
  }
}
