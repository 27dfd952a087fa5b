package dev.freshet.orchestrator;

import dev.freshet.environments.Answer;
import dev.freshet.environments.Message;
import dev.freshet.environments.PromptFormat;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Messages are token ids in decimal, separated by spaces; token 9 ends a turn. */
final class NumbersFormat implements PromptFormat {
  @Override
  public int[] stopTokenIds() {
    return new int[] {9};
  }

  @Override
  public int[] open(List<Message> messages) {
    return messages.stream()
        .flatMap(message -> Arrays.stream(message.content().split(" ")))
        .mapToInt(Integer::parseInt)
        .toArray();
  }

  @Override
  public int[] extend(List<Message> before, Answer answer, List<Message> messages) {
    return open(messages);
  }

  @Override
  public String text(int[] answer) {
    return IntStream.of(answer).mapToObj(Integer::toString).collect(Collectors.joining(" "));
  }

  @Override
  public int[] answer(String text) {
    return open(List.of(Message.user(text)));
  }
}
