package dev.freshet.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.text.message.MessageFormat;
import dev.freshet.text.message.ReasoningSyntax;
import dev.freshet.text.message.ToolCallSyntax;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** A small model of random weights, at a high temperature: it writes what it must, if anything. */
@Timeout(240)
class StructuredOutputTest {
  private static final String SCHEMA =
      "{'type':'object','properties':{'name':{'type':'string','maxLength':6},'age':{'type':'integer','minimum':0,'maximum':120},"
          + "'tags':{'type':'array','items':{'enum':['a','b']},'maxItems':2}},'required':['name','age']}";

  private static ModelServer plain;
  private static ModelServer hermes;

  @BeforeAll
  static void open() {
    plain = new ModelServer();
    hermes = new ModelServer(new MessageFormat(ToolCallSyntax.HERMES, ReasoningSyntax.NONE));
  }

  @AfterAll
  static void close() {
    plain.close();
    hermes.close();
  }

  private static void requirePerson(String text) {
    JsonNode person = Asked.JSON.readTree(text);
    assertThat(person.get("name").asString().codePoints().count()).isBetween(0L, 6L);
    assertThat(person.get("age").intValue()).isBetween(0, 120);
    assertThat(person.propertyNames()).isSubsetOf("name", "age", "tags");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void aChatAnswersWithAnInstanceOfTheSchemaWhateverTheSeed(int seed) throws Exception {
    JsonNode choice =
        Asked.choice(
            plain,
            ",'seed':%d,'response_format':{'type':'json_schema','json_schema':{'name':'p','strict':true,'schema':%s}}"
                .formatted(seed, SCHEMA));
    assertThat(choice.get("finish_reason").asString()).isEqualTo("stop");
    requirePerson(choice.get("message").get("content").asString());
  }

  @Test
  void everyChoiceOfSeveralIsAnInstanceAndLogprobsAreTheModels() throws Exception {
    JsonNode answer =
        Asked.post(
            plain,
            "/v1/completions",
            "{'prompt':['a','the river'],'n':3,'seed':5,'temperature':1.5,'max_tokens':200,'logprobs':2,'structured_outputs':{'json':%s}}"
                .formatted(SCHEMA));
    assertThat(answer.get("choices")).hasSize(6);
    for (JsonNode choice : answer.get("choices")) {
      assertThat(choice.get("finish_reason").asString()).isEqualTo("stop");
      requirePerson(choice.get("text").asString());
      double first = choice.get("logprobs").get("token_logprobs").get(0).doubleValue();
      assertThat(first).isBetween(-100.0, -0.5);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aJsonObjectIsOneOrTheBeginningOfOne(int seed) throws Exception {
    JsonNode choice =
        Asked.choice(plain, ",'seed':%d,'response_format':{'type':'json_object'}".formatted(seed));
    String text = choice.get("message").get("content").asString();
    assertThat(text).startsWith("{");
    if (choice.get("finish_reason").asString().equals("stop")) {
      assertThat(Asked.JSON.readTree(text).isObject()).isTrue();
    }
  }

  @Test
  void aModelThatWouldEndWritesAWholeObjectFirst() throws Exception {
    int end = plain.tokenizer.endToken().orElseThrow();
    JsonNode choice =
        Asked.choice(
            plain,
            ",'logit_bias':{'%d':100},'response_format':{'type':'json_object'},'min_tokens':1"
                .formatted(end));
    assertThat(choice.get("finish_reason").asString()).isIn("stop", "length");
    String text = choice.get("message").get("content").asString();
    assertThat(text).startsWith("{").isNotEqualTo("{");
  }

  @Test
  void aRegularExpressionAndAChoiceAreObeyed() throws Exception {
    for (int seed = 0; seed < 4; seed++) {
      String fields = "{'prompt':'a','temperature':2,'max_tokens':100,'seed':%d,".formatted(seed);
      JsonNode pattern =
          Asked.post(
              plain,
              "/v1/completions",
              fields + "'structured_outputs':{'regex':'[a-f]{3,5}-\\\\d+x'}}");
      assertThat(pattern.get("choices").get(0).get("text").asString()).matches("[a-f]{3,5}-\\d+x?");
      JsonNode choice =
          Asked.post(
              plain,
              "/v1/completions",
              fields + "'structured_outputs':{'choice':['yes','no é','nö']}}");
      assertThat(choice.get("choices").get(0).get("text").asString()).isIn("yes", "no é", "nö");
    }
  }

  @Test
  void aStreamHasTheSameTextAsTheWholeAnswer() throws Exception {
    String fields =
        ",'seed':9,'response_format':{'type':'json_schema','json_schema':{'name':'p','schema':%s}}"
            .formatted(SCHEMA);
    String whole = Asked.choice(plain, fields).get("message").get("content").asString();
    String streamed =
        Asked.send(plain, "/v1/chat/completions", Asked.chat(fields + ",'stream':true")).body();
    assertThat(StreamedMessages.of(streamed).message(0).content()).isEqualTo(whole);
  }

  @Test
  void aCompletionThatIgnoresItsEndHasNoMoreText() throws Exception {
    JsonNode answer =
        Asked.post(
            plain,
            "/v1/completions",
            "{'prompt':'a','ignore_eos':true,'max_tokens':30,'structured_outputs':{'choice':['yes','no']}}");
    JsonNode choice = answer.get("choices").get(0);
    assertThat(choice.get("finish_reason").asString()).isEqualTo("length");
    assertThat(choice.get("text").asString()).isIn("yes", "no");
  }

  @Test
  void aStopStringEndsAConstrainedCompletion() throws Exception {
    JsonNode choice =
        Asked.choice(
            plain, ",'seed':4,'stop':['age'],'structured_outputs':{'json':%s}".formatted(SCHEMA));
    assertThat(choice.get("stop_reason").asString()).isEqualTo("age");
    assertThat(choice.get("message").get("content").asString()).startsWith("{").contains("name");
  }

  @Test
  void tokensInAndOutAreConstrainedToo() throws Exception {
    JsonNode answer =
        Asked.post(
            plain,
            "/inference/v1/generate",
            "{'token_ids':[320,363],'sampling_params':{'temperature':2,'max_tokens':60,'structured_outputs':{'choice':['left','right']}}}");
    int[] ids =
        answer
            .get("choices")
            .get(0)
            .get("token_ids")
            .valueStream()
            .mapToInt(JsonNode::intValue)
            .toArray();
    assertThat(plain.tokenizer.decode(ids, true).strip()).isIn("left", "right");
  }

  @Test
  void theReasoningBeforeAnAnswerIsFree() throws Exception {
    try (ModelServer server =
        new ModelServer(new MessageFormat(ToolCallSyntax.NONE, ReasoningSyntax.DEEPSEEK_R1))) {
      JsonNode choice = Asked.choice(server, ",'structured_outputs':{'choice':['yes']}");
      assertThat(choice.get("message").get("reasoning").asString()).isNotEmpty();
    }
  }

  @Test
  void theOtherApisForceCallsAndFormatsToo() throws Exception {
    JsonNode message =
        Asked.post(
            hermes,
            "/v1/messages",
            "{'max_tokens':200,'messages':[{'role':'user','content':'a'}],'tools':[{'name':'clock','input_schema':{'type':'object','properties':{}}}],'tool_choice':{'type':'any','disable_parallel_tool_use':true}}");
    assertThat(message.get("stop_reason").asString()).isEqualTo("tool_use");
    assertThat(message.get("content").get(0).get("name").asString()).isEqualTo("clock");
    JsonNode called =
        Asked.post(
            hermes,
            "/v1/responses",
            "{'input':'a','max_output_tokens':200,'tools':[{'type':'function','name':'clock','parameters':{'type':'object','properties':{}}}],'tool_choice':{'type':'function','name':'clock'}}");
    assertThat(called.get("output").get(0).get("name").asString()).isEqualTo("clock");
    JsonNode formatted =
        Asked.post(
            plain,
            "/v1/responses",
            "{'input':'a','max_output_tokens':200,'text':{'format':{'type':'json_schema','name':'p','schema':%s}}}"
                .formatted(SCHEMA));
    requirePerson(formatted.get("output").get(0).get("content").get(0).get("text").asString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "'response_format':{'type':'json_schema','json_schema':{'schema':{'properties':{'a':{'not':{}}}}}} | response_format/json_schema/schema/properties/a/not: expected no keyword \\\"not\\\"",
        "'response_format':{'type':'json_schema'} | response_format/json_schema/schema: expected a schema, got none",
        "'response_format':{'type':'structural_tag'} | response_format/type: expected text, json_object or json_schema",
        "'structured_outputs':{'regex':'('} | structured_outputs/regex: expected a regular expression with",
        "'structured_outputs':{'regex':'.*a.{30}'} | structured_outputs/regex: expected a simpler grammar",
        "'structured_outputs':{'grammar':'x'} | structured_outputs/grammar: expected null",
        "'structured_outputs':{'choice':[]} | structured_outputs/choice: expected 1 to 1024 texts",
        "'structured_outputs':{'choice':['a'],'regex':'a'} | structured_outputs: expected one kind of output, got 2",
        "'structured_outputs':{'choice':['a']},'response_format':{'type':'json_object'} | response_format: expected none beside structured_outputs/choice",
        "'tool_choice':'required' | tools: expected a tool that the model must call",
        "'tool_choice':{'type':'function','function':{'name':'x'}},'tools':[{'type':'function','function':{'name':'clock'}}] | tool_choice: expected the name of one of the tools",
        "'tool_choice':'required','tools':[{'type':'function','function':{'name':'clock','parameters':{'if':{}}}}] | tools/0/function/parameters/if: expected no keyword",
        "'tool_choice':'required','structured_outputs':{'choice':['a']},'tools':[{'type':'function','function':{'name':'clock'}}] | structured_outputs/choice: expected none beside a tool_choice",
      })
  void whatIsNotSupportedIsRefusedByItsPlace(String fields, String message) throws Exception {
    HttpResponse<String> answer =
        Asked.send(hermes, "/v1/chat/completions", Asked.chat("," + fields));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
    assertThat(answer.body()).contains(message);
  }
}
