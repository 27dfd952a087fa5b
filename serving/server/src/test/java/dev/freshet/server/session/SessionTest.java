package dev.freshet.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.Fixture;
import dev.freshet.engine.GenerationRequest;
import dev.freshet.text.Tokenizer;
import dev.freshet.text.template.ChatTemplate;
import dev.freshet.wire.ChatRequest;
import dev.freshet.wire.LogitRules;
import dev.freshet.wire.LogprobsMode;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sessions of chats with the template and the byte-level tokenizer of a real checkpoint. */
class SessionTest {
  private static final String MODEL = "m";
  private static final String END = "<|im_end|>";

  private static Tokenizer tokenizer;
  private static ChatTemplate template;

  private Session session;

  @BeforeAll
  static void open() throws Exception {
    tokenizer = Tokenizer.load(Fixture.LLAMA);
    template = ChatTemplate.inDirectory(Fixture.LLAMA, Clock.systemUTC()).orElseThrow();
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @BeforeEach
  void begin() {
    session = new Session(new SessionName("a"), tokenizer);
  }

  private static String render(ChatRequest chat) {
    return template
        .render(chat.messages(), chat.tools(), chat.addGenerationPrompt(), Map.of())
        .text();
  }

  /** A chat of messages by turns of the user and the assistant. */
  private static ChatRequest chat(String... contents) {
    List<String> messages = new ArrayList<>();
    for (int i = 0; i < contents.length; i++) {
      messages.add(
          "{\"role\":\"%s\",\"content\":\"%s\"}"
              .formatted(i % 2 == 0 ? "user" : "assistant", contents[i]));
    }
    return parse(String.join(",", messages));
  }

  private TurnPrompt prompt(ChatRequest chat) {
    return session.ofChat(
        MODEL, chat, render(chat), SessionTest::render, tokenizer::encodeOrdinary);
  }

  /** The tokens of a text as a model may sample them: one a character, and the end of the turn. */
  private static int[] sampled(String text, boolean ended) {
    IntStream characters =
        text.chars().flatMap(c -> IntStream.of(tokenizer.encodeOrdinary(Character.toString(c))));
    return ended
        ? IntStream.concat(characters, IntStream.of(tokenizer.idOf(END).orElseThrow())).toArray()
        : characters.toArray();
  }

  private Turn answer(TurnPrompt prompt, int[] ids, String content) {
    return answer(prompt, ids, Map.of("role", "assistant", "content", content));
  }

  private Turn answer(TurnPrompt prompt, int[] ids, Map<String, @Nullable Object> message) {
    float[] logprobs = new float[ids.length];
    long[] versions = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      logprobs[i] = -i - 1;
      versions[i] = 7;
    }
    return session.add(
        prompt,
        new SampledTokens(ids, logprobs, versions),
        new TurnCall("/v1/chat/completions", "r", 0, MODEL, sampling(), "stop"),
        Optional.of(message));
  }

  private static TurnCall.Sampling sampling() {
    return new TurnCall.Sampling(
        new GenerationRequest(
            new int[0],
            16,
            1,
            1,
            0,
            0,
            OptionalLong.empty(),
            Set.of(),
            LogitRules.NONE,
            Optional.empty(),
            0,
            OptionalInt.empty(),
            LogprobsMode.RAW_LOGPROBS,
            0,
            Optional.empty(),
            Optional.empty()),
        List.of());
  }

  @Test
  void aTurnThatExtendsAnotherKeepsItsSampledTokens() {
    TurnPrompt first = prompt(chat("hello"));
    int[] ids = sampled("the weather", true);
    assertThat(ids).isNotEqualTo(tokenizer.encodeOrdinary("the weather" + END));
    answer(first, ids, "the weather");

    TurnPrompt second = prompt(chat("hello", "the weather", "and then"));

    assertThat(second.prefix()).isEqualTo(PrefixKind.EXTENDED);
    assertThat(second.ids()).startsWith(first.ids());
    assertThat(
            Arrays.copyOfRange(second.ids(), first.ids().length, first.ids().length + ids.length))
        .isEqualTo(ids);
    assertThat(tokenizer.decode(second.ids(), false))
        .isEqualTo(render(chat("hello", "the weather", "and then")));
  }

  @Test
  void whatFollowsTheSampledTokensHasTheTokensOfTheWholeText() {
    int[] canonical = tokenizer.encodeOrdinary("the weather" + END);
    answer(prompt(chat("hello")), canonical, "the weather");

    TurnPrompt second = prompt(chat("hello", "the weather", "and then"));

    assertThat(second.prefix()).isEqualTo(PrefixKind.EXTENDED);
    assertThat(second.ids())
        .isEqualTo(tokenizer.encodeOrdinary(render(chat("hello", "the weather", "and then"))));
  }

  @Test
  void anAnswerThatWasCutOffIsExtendedByTheEndOfItsTurn() {
    int[] ids = sampled("the wea", false);
    answer(prompt(chat("hello")), ids, "the wea");

    TurnPrompt second = prompt(chat("hello", "the wea", "on"));

    assertThat(second.prefix()).isEqualTo(PrefixKind.EXTENDED);
    assertThat(tokenizer.decode(second.ids(), false))
        .isEqualTo(render(chat("hello", "the wea", "on")));
  }

  @Test
  void anAnswerThatTheTemplateWritesOtherwiseStaysAsItWasSampled() {
    TurnPrompt first = prompt(chat("hello"));
    int[] ids = sampled(" spaced ", true);
    answer(first, ids, "spaced");

    TurnPrompt second = prompt(chat("hello", "spaced", "on"));

    assertThat(second.prefix()).isEqualTo(PrefixKind.EXTENDED);
    assertThat(second.parent().orElseThrow().sampled().ids()).isEqualTo(ids);
    assertThat(tokenizer.decode(second.ids(), false))
        .isEqualTo(render(chat("hello", " spaced ", "on")));
  }

  @Test
  void toolCallsThatTheTemplateSpacesOtherwiseStayAsTheyWereSampled() {
    ChatTemplate calling =
        ChatTemplate.of(
            """
            {%- for m in messages %}<|im_start|>{{ m.role }}
            {{ m.content or '' }}{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|im_end|>
            {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
            {% endif %}""",
            Clock.systemUTC());
    Function<ChatRequest, String> renders =
        chat ->
            calling.render(chat.messages(), List.of(), chat.addGenerationPrompt(), Map.of()).text();
    String user = "{\"role\":\"user\",\"content\":\"hello\"}";
    ChatRequest asked = parse(user);
    TurnPrompt first =
        session.ofChat(MODEL, asked, renders.apply(asked), renders, tokenizer::encodeOrdinary);
    String call = "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}</tool_call>";
    int[] ids = sampled(call, true);
    Map<String, @Nullable Object> message =
        Map.of(
            "role",
            "assistant",
            "tool_calls",
            List.of(
                Map.of(
                    "type",
                    "function",
                    "function",
                    Map.of("name", "f", "arguments", Map.of("a", 1L)))));
    answer(first, ids, message);

    ChatRequest answered =
        parse(
            user
                + ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"x1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\": 1}\"}}]}"
                + ",{\"role\":\"tool\",\"tool_call_id\":\"x1\",\"content\":\"2\"}");
    assertThat(renders.apply(answered)).contains("\"arguments\": {\"a\": 1}");
    TurnPrompt second =
        session.ofChat(
            MODEL, answered, renders.apply(answered), renders, tokenizer::encodeOrdinary);

    assertThat(second.prefix()).isEqualTo(PrefixKind.EXTENDED);
    assertThat(tokenizer.decode(second.ids(), false))
        .contains(call + "<|im_end|>\n<|im_start|>tool\n2<|im_end|>");
  }

  private static ChatRequest parse(String messages) {
    return ChatRequest.parse(
        "{\"messages\":[%s]}".formatted(messages).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void anotherAnswerInTheHistoryBreaksThePrefix() {
    answer(prompt(chat("hello")), sampled("yes", true), "yes");

    ChatRequest changed = chat("hello", "no", "on");
    TurnPrompt second = prompt(changed);

    assertThat(second.prefix()).isEqualTo(PrefixKind.BROKEN);
    assertThat(second.parent()).isEmpty();
    assertThat(second.ids()).isEqualTo(tokenizer.encodeOrdinary(render(changed)));
  }

  @Test
  void aChatOfItsOwnIsNew() {
    answer(prompt(chat("hello")), sampled("yes", true), "yes");

    assertThat(prompt(chat("other")).prefix()).isEqualTo(PrefixKind.NEW);
    assertThat(prompt(chat("hello")).prefix()).isEqualTo(PrefixKind.NEW);
  }

  @Test
  void aTextThatGoesOnWithinATokenBreaksThePrefix() {
    String text = "hello";
    TurnPrompt first = session.ofText(MODEL, text, tokenizer::encode);
    answer(first, sampled(" t", false), "");
    assertThat(tokenizer.encodeOrdinary(" the")).as("the tokens are joined").hasSize(1);

    TurnPrompt second = session.ofText(MODEL, text + " the", tokenizer::encode);

    assertThat(second.prefix()).isEqualTo(PrefixKind.BROKEN);
    assertThat(second.ids()).isEqualTo(tokenizer.encode(text + " the"));
  }

  @Test
  void tokenIdsThatBeginWithThoseOfATurnExtendIt() {
    answer(session.ofTokens(MODEL, new int[] {1, 2}), new int[] {3, 4}, "");

    assertThat(session.ofTokens(MODEL, new int[] {1, 2, 3, 4, 5}).prefix())
        .isEqualTo(PrefixKind.EXTENDED);
    assertThat(session.ofTokens(MODEL, new int[] {1, 2, 3, 5}).prefix())
        .isEqualTo(PrefixKind.BROKEN);
    assertThat(session.ofTokens("other", new int[] {1, 2, 3, 4, 5}).prefix())
        .isEqualTo(PrefixKind.NEW);
  }

  @Test
  void aBranchHasTheTokensOfItsTurnsAndMarksWhatWasSampled() {
    answer(session.ofTokens(MODEL, new int[] {1, 2}), new int[] {3, 4}, "");
    answer(session.ofTokens(MODEL, new int[] {1, 2, 3, 4, 5}), new int[] {6}, "");
    answer(session.ofTokens(MODEL, new int[] {1, 2, 3, 9}), new int[] {8}, "");

    List<Branch> branches = session.branches();

    assertThat(branches).hasSize(2);
    Branch extended = branches.getFirst();
    assertThat(extended.tokenIds()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(extended.mask()).containsExactly(false, false, true, true, false, true);
    assertThat(extended.logprobs()).containsExactly(0, 0, -1, -2, 0, -1);
    assertThat(extended.versions()).containsExactly(-1, -1, 7, 7, -1, 7);
    assertThat(branches.getLast().tokenIds()).containsExactly(1, 2, 3, 9, 8);
    assertThat(session.summary()).isEqualTo(new SessionSummary(3, 2, 1, 2 + 1 + 4, 4));
  }
}
