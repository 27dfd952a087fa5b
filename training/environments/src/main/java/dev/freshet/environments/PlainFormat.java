package dev.freshet.environments;

import dev.freshet.text.Tokenizer;
import dev.freshet.text.TokenizerException;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Plain text, for a model without a chat template: the messages of the environment, each followed
 * by the separator. Instructions ({@link Message.Role#SYSTEM}) are left out: such a model has
 * learnt a task's notation, not to follow instructions. The tokens {@code <|bos|>} before the first
 * message and {@code <|sep|>} as separator are used if the tokenizer has them, otherwise the
 * tokenizer's own beginning and a line break.
 */
final class PlainFormat implements PromptFormat {
  private final Tokenizer tokenizer;
  private final String source;
  private final OptionalInt beginning;
  private final OptionalInt separator;
  private final int end;

  /**
   * @param source names the model in messages
   * @throws EnvironmentException if the tokenizer has no ending token
   */
  PlainFormat(Tokenizer tokenizer, String source) {
    this.tokenizer = tokenizer;
    this.source = source;
    this.beginning = tokenizer.idOf("<|bos|>");
    this.separator = tokenizer.idOf("<|sep|>");
    OptionalInt named = tokenizer.idOf("<|eos|>");
    this.end =
        (named.isPresent() ? named : tokenizer.endToken())
            .orElseThrow(
                () ->
                    new EnvironmentException(
                        "%s: the tokenizer names no ending token: expected eos_token in tokenizer_config.json"
                            .formatted(source)));
  }

  @Override
  public int[] stopTokenIds() {
    return new int[] {end};
  }

  @Override
  public int[] open(List<Message> messages) {
    return IntStream.concat(beginning.stream(), tokens(messages, beginning.isEmpty())).toArray();
  }

  @Override
  public int[] extend(List<Message> before, Answer answer, List<Message> messages) {
    return tokens(messages, false).toArray();
  }

  private IntStream tokens(List<Message> messages, boolean withBeginning) {
    List<String> said =
        messages.stream()
            .filter(message -> message.role() != Message.Role.SYSTEM)
            .map(Message::content)
            .toList();
    if (separator.isPresent()) {
      return said.stream()
          .flatMapToInt(
              text -> IntStream.concat(IntStream.of(encode(text, false)), separator.stream()));
    }
    return IntStream.of(encode(String.join("\n", said) + "\n", withBeginning));
  }

  private int[] encode(String text, boolean withBeginning) {
    try {
      return withBeginning ? tokenizer.encode(text) : tokenizer.encodeOrdinary(text);
    } catch (TokenizerException e) {
      throw new UnusableStepException(
          UnusableStepException.Kind.FORMAT,
          "%s, which has no chat template, cannot read a message: %s"
              .formatted(source, e.getMessage()),
          e);
    }
  }

  @Override
  public String text(int[] answer) {
    return AnswerText.of(tokenizer, answer, stopTokenIds());
  }

  @Override
  public int[] answer(String text) {
    int[] tokens = encode(text, false);
    int[] ended = Arrays.copyOf(tokens, tokens.length + 1);
    ended[tokens.length] = end;
    return ended;
  }
}
