package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import dev.freshet.text.Tokenizer;
import dev.freshet.text.TokenizerException;
import dev.freshet.text.template.ChatTemplate;
import dev.freshet.text.template.TemplateException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * A model's chat template. The tokens between two turns are the difference of two renderings: what
 * the template renders after the answer, given the messages that follow it. So a template must
 * extend: rendering more messages must only append, up to white space around an answer. One that
 * changes what came before, or leaves out a part of the answer, is a {@link UnusableStepException}.
 * A template that refuses instructions gets them as the beginning of the first message.
 */
final class ChatFormat implements PromptFormat {
  /** An answer that no template changes. */
  private static final String ANY = "Answer";

  private final ChatTemplate template;
  private final Tokenizer tokenizer;
  private final String source;
  private final boolean takesInstructions;
  private final int[] stopTokenIds;

  /**
   * @param source names the model in messages
   * @throws EnvironmentException if nothing ends a turn
   */
  ChatFormat(ChatTemplate template, Tokenizer tokenizer, String source) {
    this.template = template;
    this.tokenizer = tokenizer;
    this.source = source;
    this.takesInstructions = takesInstructions();
    this.stopTokenIds =
        IntStream.concat(endOfTurn().stream(), tokenizer.endToken().stream()).distinct().toArray();
    if (stopTokenIds.length == 0) {
      throw new EnvironmentException(
          "%s: neither the chat template nor the tokenizer has a token that ends a turn: expected eos_token in tokenizer_config.json"
              .formatted(source));
    }
  }

  private boolean takesInstructions() {
    try {
      var _ = rendered(List.of(Message.system(ANY), Message.user(ANY)), true);
      return true;
    } catch (TemplateException e) {
      return false;
    }
  }

  /** The special token that the template renders after an answer, if it renders one. */
  private OptionalInt endOfTurn() {
    try {
      String text = rendered(List.of(Message.user("?"), Message.assistant(ANY)), false);
      int answer = text.lastIndexOf(ANY);
      int[] after = answer < 0 ? new int[0] : encode(text.substring(answer + ANY.length()));
      boolean special = after.length > 0 && tokenizer.decode(new int[] {after[0]}, true).isEmpty();
      return special ? OptionalInt.of(after[0]) : OptionalInt.empty();
    } catch (TemplateException e) {
      return OptionalInt.empty(); // The first prompt says why.
    }
  }

  @Override
  public int[] stopTokenIds() {
    return stopTokenIds.clone();
  }

  @Override
  public int[] open(List<Message> messages) {
    return encode(render(messages));
  }

  @Override
  public int[] extend(List<Message> before, Answer answer, List<Message> messages) {
    String prompt = render(before);
    String text = answer.text();
    String whole = render(joined(before, text, messages));
    if (!whole.startsWith(prompt)) {
      throw doesNotExtend("changes the messages before an answer", prompt, whole);
    }
    if (!whole.startsWith(text.strip(), skipSpaces(whole, prompt.length()))) {
      throw doesNotExtend("changes an earlier answer", text, whole.substring(prompt.length()));
    }
    // What is rendered after an answer is taken from one that the template cannot change.
    String other = render(joined(before, ANY, messages));
    if (!other.startsWith(prompt + ANY)) {
      throw doesNotExtend("changes the messages before an answer", prompt + ANY, other);
    }
    int[] after = encode(other.substring(prompt.length() + ANY.length()));
    int[] sampled = answer.tokenIds();
    boolean ended =
        after.length > 0 && sampled.length > 0 && sampled[sampled.length - 1] == after[0];
    return ended ? Arrays.copyOfRange(after, 1, after.length) : after;
  }

  private static List<Message> joined(List<Message> before, String answer, List<Message> after) {
    List<Message> all = new ArrayList<>(before);
    all.add(Message.assistant(answer));
    all.addAll(after);
    return all;
  }

  private static int skipSpaces(String text, int from) {
    int at = from;
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private UnusableStepException doesNotExtend(String what, String expected, String found) {
    return new UnusableStepException(
        Kind.FORMAT,
        "the chat template of %s %s, so its tokens cannot be appended: expected a rendering that begins with '%s', found '%s'"
            .formatted(source, what, end(expected), end(found)));
  }

  /** The last characters of a text, on one line. */
  private static String end(String text) {
    return text.substring(Math.max(0, text.length() - 80)).replace("\n", "\\n");
  }

  private String render(List<Message> messages) {
    try {
      return rendered(takesInstructions ? messages : withoutInstructions(messages), true);
    } catch (TemplateException e) {
      throw new UnusableStepException(Kind.FORMAT, "%s: %s".formatted(source, e.getMessage()), e);
    }
  }

  private String rendered(List<Message> messages, boolean addGenerationPrompt) {
    return template
        .render(
            messages.stream().map(Message::forTemplate).toList(),
            List.of(),
            addGenerationPrompt,
            Map.of())
        .text();
  }

  private static List<Message> withoutInstructions(List<Message> messages) {
    boolean instructed = messages.size() >= 2 && messages.getFirst().role() == Message.Role.SYSTEM;
    if (!instructed) {
      return messages;
    }
    List<Message> merged = new ArrayList<>(messages.subList(1, messages.size()));
    merged.set(
        0, Message.user(messages.getFirst().content() + "\n\n" + merged.getFirst().content()));
    return merged;
  }

  private int[] encode(String text) {
    try {
      return tokenizer.encodeOrdinary(text);
    } catch (TokenizerException e) {
      throw new UnusableStepException(
          Kind.FORMAT, "%s cannot read a message: %s".formatted(source, e.getMessage()), e);
    }
  }

  @Override
  public String text(int[] answer) {
    return AnswerText.of(tokenizer, answer, stopTokenIds());
  }

  @Override
  public int[] answer(String text) {
    int[] tokens = encode(text);
    int[] ended = Arrays.copyOf(tokens, tokens.length + 1);
    ended[tokens.length] = stopTokenIds[0];
    return ended;
  }
}
