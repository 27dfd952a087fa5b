package dev.freshet.environments;

import java.util.List;
import java.util.function.Function;

/** An episode of one turn. */
final class OneTurn implements Episode {
  private final List<Message> messages;
  private final Function<Answer, Step.End> score;

  OneTurn(List<Message> messages, Function<Answer, Step.End> score) {
    this.messages = messages;
    this.score = score;
  }

  @Override
  public List<Message> begin() {
    return messages;
  }

  @Override
  public Step next(Answer answer) {
    return score.apply(answer);
  }
}
