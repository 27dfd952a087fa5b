package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversations of a tokenizer of characters, by chat templates and as plain text. */
class PromptFormatTest {
  private static final String TURNS =
      "{% for m in messages %}<|bos|>{{ m.role }}\n{{ CONTENT }}<|eos|>\n{% endfor %}"
          + "{% if add_generation_prompt %}<|bos|>assistant\n{% endif %}";
  private static final String CHAT = TURNS.replace("CONTENT", "m.content");
  private static final List<Message> FIRST =
      List.of(Message.system("be kind"), Message.user("what now"));

  @TempDir Path dir;
  private Tokenizer tokenizer;

  @BeforeEach
  void open() throws IOException {
    new CharTokenizer("abcdefghijklmnopqrstuvwxyz \n</>").write(dir);
    tokenizer = Tokenizer.load(dir);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void theTokensOfAConversationAreThoseOfTheWholeRendering() throws IOException {
    Conversation conversation = new Conversation(chat(CHAT));
    int[] first = conversation.open(FIRST);
    int[] sampled = tokenizer.encode("go on<|eos|>");
    int[] between =
        conversation.observe(
            conversation.answer(sampled, "stop"), List.of(Message.user("and then")));
    int[] again = tokenizer.encode("stop<|eos|>");
    int[] last =
        conversation.observe(conversation.answer(again, "stop"), List.of(Message.user("why")));

    assertThat(joined(first, sampled, between, again, last))
        .isEqualTo(
            tokenizer.encode(
                """
                <|bos|>system
                be kind<|eos|>
                <|bos|>user
                what now<|eos|>
                <|bos|>assistant
                go on<|eos|>
                <|bos|>user
                and then<|eos|>
                <|bos|>assistant
                stop<|eos|>
                <|bos|>user
                why<|eos|>
                <|bos|>assistant
                """));
  }

  @Test
  void anAnswerThatTheTokenLimitEndedIsFollowedByTheEndOfItsMessage() throws IOException {
    Conversation conversation = new Conversation(chat(CHAT));
    conversation.open(FIRST);
    Answer cut = conversation.answer(tokenizer.encode("go o"), "length");

    assertThat(cut.text()).isEqualTo("go o");
    assertThat(conversation.observe(cut, List.of(Message.user("hm"))))
        .isEqualTo(tokenizer.encode("<|eos|>\n<|bos|>user\nhm<|eos|>\n<|bos|>assistant\n"));
  }

  @Test
  void aTemplateThatTrimsAnswersExtendsAndTheSampledTokensStay() throws IOException {
    Conversation conversation =
        new Conversation(chat(TURNS.replace("CONTENT", "m.content | trim")));
    conversation.open(FIRST);
    Answer answer = conversation.answer(tokenizer.encode(" go \n<|eos|>"), "stop");

    assertThat(answer.text()).isEqualTo(" go \n");
    assertThat(conversation.observe(answer, List.of(Message.user("hm"))))
        .isEqualTo(tokenizer.encode("\n<|bos|>user\nhm<|eos|>\n<|bos|>assistant\n"));
  }

  @Test
  void aTemplateThatDropsAPartOfAnAnswerIsNamed() throws IOException {
    String drops = TURNS.replace("CONTENT", "m.content.split('</think>')[-1]");
    Conversation conversation = new Conversation(chat(drops));
    conversation.open(FIRST);
    Answer answer = conversation.answer(tokenizer.encode("hm</think>go<|eos|>"), "stop");

    assertThatThrownBy(() -> conversation.observe(answer, List.of(Message.user("hm"))))
        .isInstanceOf(UnusableStepException.class)
        .hasMessageContaining("the chat template of " + dir + " changes an earlier answer");
  }

  @Test
  void aTemplateThatChangesWhatCameBeforeIsNamed() throws IOException {
    Conversation conversation =
        new Conversation(chat("{{ 'abcdefgh'[messages | length] }}" + CHAT));
    conversation.open(FIRST);
    Answer answer = conversation.answer(tokenizer.encode("go<|eos|>"), "stop");

    assertThatThrownBy(() -> conversation.observe(answer, List.of(Message.user("hm"))))
        .isInstanceOf(UnusableStepException.class)
        .hasMessageContaining("changes the messages before an answer");
  }

  @Test
  void aTemplateThatRefusesInstructionsGetsThemInTheFirstMessage() throws IOException {
    String refusing =
        "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + CHAT;

    assertThat(chat(refusing).open(FIRST))
        .isEqualTo(tokenizer.encode("<|bos|>user\nbe kind\n\nwhat now<|eos|>\n<|bos|>assistant\n"));
  }

  @Test
  void theTokenThatTheTemplateRendersAfterAnAnswerEndsATurn() throws IOException {
    assertThat(chat(CHAT).stopTokenIds()).containsExactly(CharTokenizer.EOS);
    assertThat(chat(CHAT.replace("<|eos|>", "<|sep|>")).stopTokenIds())
        .containsExactly(CharTokenizer.SEP, CharTokenizer.EOS);
  }

  @Test
  void aTemplateThatCannotRenderTheMessagesIsAFormatError() throws IOException {
    PromptFormat format = chat("{{ raise_exception('never') }}");

    assertThatThrownBy(() -> format.open(FIRST))
        .isInstanceOfSatisfying(
            UnusableStepException.class,
            e -> assertThat(e.kind()).isEqualTo(UnusableStepException.Kind.FORMAT))
        .hasMessageContaining("never");
  }

  @Test
  void aTemplateThatIsNoTemplateIsRefusedBeforeARun() {
    assertThatThrownBy(() -> chat("{% if %}"))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("the chat template of " + dir + " cannot be read");
  }

  @Test
  void plainTextHasMessagesBetweenSpecialTokensAndNoInstructions() {
    PromptFormat plain = PromptFormat.of(dir, tokenizer, Clock.systemUTC());
    Conversation conversation = new Conversation(plain);

    assertThat(conversation.open(FIRST)).isEqualTo(tokenizer.encode("<|bos|>what now<|sep|>"));
    Answer answer = conversation.answer(tokenizer.encode("go<|eos|>"), "stop");
    assertThat(answer.text()).isEqualTo("go");
    assertThat(conversation.observe(answer, List.of(Message.user("and"))))
        .isEqualTo(tokenizer.encode("and<|sep|>"));
    assertThat(plain.stopTokenIds()).containsExactly(CharTokenizer.EOS);
    assertThat(plain.answer("yes")).isEqualTo(tokenizer.encode("yes<|eos|>"));
  }

  @Test
  void aSpecialTokenWithinAnAnswerIsOneCharacterOfItsText() {
    PromptFormat plain = PromptFormat.plain(tokenizer, "the model");

    assertThat(plain.text(tokenizer.encode("go<|sep|><|bos|>on<|eos|>")))
        .isEqualTo("go\uFFFD\uFFFDon");
    assertThat(plain.text(tokenizer.encode("go<|sep|>"))).isEqualTo("go\uFFFD");
    assertThat(plain.text(new int[] {CharTokenizer.EOS})).isEmpty();
    assertThat(plain.text(new int[] {})).isEmpty();
  }

  @Test
  void aCharacterThatThePlainModelDoesNotKnowIsNamed() {
    PromptFormat plain = PromptFormat.plain(tokenizer, "the model");

    assertThatThrownBy(() -> plain.open(List.of(Message.user("7"))))
        .isInstanceOf(UnusableStepException.class)
        .hasMessageContaining("the model, which has no chat template, cannot read a message")
        .hasMessageContaining("character '7'");
  }

  @Test
  void messagesThatAreTooLongOrMissingAreRefusedBeforeTheyAreTokenized() {
    Conversation conversation = new Conversation(PromptFormat.plain(tokenizer, "the model"));

    for (List<Message> said :
        List.of(List.<Message>of(), List.of(Message.user("a".repeat(10_000_000))))) {
      assertThatThrownBy(() -> conversation.open(said))
          .isInstanceOfSatisfying(
              UnusableStepException.class,
              e -> assertThat(e.kind()).isEqualTo(UnusableStepException.Kind.SIZE));
    }
  }

  private PromptFormat chat(String template) throws IOException {
    Files.writeString(dir.resolve("chat_template.jinja"), template);
    return PromptFormat.of(dir, tokenizer, Clock.systemUTC());
  }

  private static int[] joined(int[]... parts) {
    return IntStream.range(0, parts.length).flatMap(i -> IntStream.of(parts[i])).toArray();
  }
}
