package dev.freshet.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CompletionRequestTest {
  private static final int CONTEXT = 8;

  @Test
  void aRequestIsWrittenAndReadBackUnchanged() {
    CompletionRequest request =
        CompletionRequest.text("ä \"quoted\" \n 🦀")
            .model("m")
            .n(128)
            .maxTokens(7)
            .temperature(0.7)
            .topP(0.9)
            .topK(40)
            .minP(0.05)
            .seed(-3)
            .stop(List.of("\n\n", "END"))
            .stopTokenIds(List.of(2, 5))
            .ignoreEos(true)
            .minTokens(4)
            .logitBias(Map.of(0, -100.0, 2_147_483_647, 0.5))
            .repetitionPenalty(1.2)
            .frequencyPenalty(-2)
            .presencePenalty(1.5)
            .stream(true)
            .includeUsage(true)
            .continuousUsage(true)
            .text(new TextOptions(false, false, true, true))
            .logprobs(3)
            .logprobsMode(LogprobsMode.PROCESSED_LOGPROBS)
            .returnTokenIds(true)
            .priority(-4)
            .cacheSalt("ö".repeat(128))
            .build();

    assertThat(CompletionRequest.parse(request.toJson(), CONTEXT)).isEqualTo(request);
    assertThat(request.toBuilder().build()).isEqualTo(request);
  }

  @Test
  void tokenIdsAreWrittenAndReadBackUnchanged() {
    CompletionRequest request = CompletionRequest.tokens(1, 200_000, 3).maxTokens(4).build();

    assertThat(CompletionRequest.parse(request.toJson(), CONTEXT).prompt())
        .isInstanceOfSatisfying(
            Prompt.Tokens.class, tokens -> assertThat(tokens.ids()).containsExactly(1, 200_000, 3));
  }

  @Test
  void absentAndNullFieldsHaveTheirDefaults() {
    CompletionRequest request =
        parse("{\"prompt\":\"a\",\"top_k\":-1,\"seed\":null,\"logprobs\":null,\"stop\":null}");

    assertThat(request).isEqualTo(CompletionRequest.text("a").build());
    assertThat(request.maxTokens()).isEqualTo(16);
    assertThat(request.temperature()).isEqualTo(1.0);
    assertThat(request.topK()).isZero();
  }

  @Test
  void aSingleStopStringIsAListOfOne() {
    assertThat(parse("{\"prompt\":\"a\",\"stop\":\"x\"}").stop()).containsExactly("x");
  }

  @Test
  void aListOfOnePromptIsThatPrompt() {
    assertThat(parse("{\"prompt\":[\"the river\"],\"logit_bias\":{},\"n\":1}"))
        .isEqualTo(CompletionRequest.text("the river").build());
    assertThat(parse("{\"prompt\":[[5, 6]]}").prompt())
        .isInstanceOfSatisfying(
            Prompt.Tokens.class, tokens -> assertThat(tokens.ids()).containsExactly(5, 6));
  }

  @Test
  void samplingParametersAreReadAsInVllm() {
    assertThat(
            parse(
                """
                {"prompt":"a","min_p":0.1,"min_tokens":4,"logit_bias":{"5":-100,"0":0.5,"31":100},
                 "repetition_penalty":1.1,"frequency_penalty":-1,"presence_penalty":2,
                 "logprobs_mode":"processed_logprobs"}
                """))
        .isEqualTo(
            CompletionRequest.text("a")
                .minP(0.1)
                .minTokens(4)
                .logitBias(Map.of(5, -100.0, 0, 0.5, 31, 100.0))
                .repetitionPenalty(1.1)
                .frequencyPenalty(-1)
                .presencePenalty(2)
                .logprobsMode(LogprobsMode.PROCESSED_LOGPROBS)
                .build());
    assertThat(parse("{\"prompt\":\"a\",\"logprobs_mode\":\"raw_logprobs\"}"))
        .isEqualTo(CompletionRequest.text("a").build());
  }

  @Test
  void parametersThatAreNeutralAreNotSentToServersThatMayNotKnowThem() {
    assertThat(new String(CompletionRequest.text("a").build().toJson(), StandardCharsets.UTF_8))
        .doesNotContain("min_p", "min_tokens", "logit_bias", "penalty", "logprobs_mode")
        .doesNotContain("\"n\"", "priority", "cache_salt");
  }

  @Test
  void aPriorityIsAnyLongAndACacheSaltHasUpTo128CharactersAsInVllm() {
    CompletionRequest request =
        parse("{\"prompt\":\"a\",\"priority\":-9223372036854775808,\"cache_salt\":\"Zm9v=\"}");

    assertThat(request.priority()).isEqualTo(Long.MIN_VALUE);
    assertThat(request.cacheSalt()).contains("Zm9v=");
    assertThatThrownBy(() -> CompletionRequest.text("a").cacheSalt("ö".repeat(129)).build())
        .isInstanceOf(WireException.class)
        .hasMessage("cache_salt: expected 1 to 128 characters, got 129");
  }

  @Test
  void aPromptMayHaveSeveralChoicesWhichAreAllReturned() {
    assertThat(parse("{\"prompt\":\"a\",\"best_of\":3,\"n\":3}"))
        .isEqualTo(CompletionRequest.text("a").n(3).build());
    assertThat(parse("{\"prompt\":\"a\",\"n\":3,\"best_of\":1,\"temperature\":0.5}").n())
        .isEqualTo(3);
  }

  @Test
  void aSeedOfMinusOneIsNone() {
    assertThat(parse("{\"prompt\":\"a\",\"seed\":-1}").seed()).isEmpty();
    assertThat(parse("{\"prompt\":\"a\",\"seed\":-2}").seed()).hasValue(-2);
  }

  @Test
  void unsupportedFieldsWithTheirNeutralValuesAreSkipped() {
    assertThat(
            parse(
                """
                {"prompt":"a","n":1,"best_of":1,"echo":false,"presence_penalty":0,"min_p":0.0,
                 "frequency_penalty":0,"repetition_penalty":1.0,"length_penalty":1,"min_tokens":0,
                 "top_k":0,"use_beam_search":false,"early_stopping":false,"suffix":"",
                 "ignore_eos":false,"skip_special_tokens":true,"add_special_tokens":true,
                 "spaces_between_special_tokens":true,"include_stop_str_in_output":false,
                 "no_stop_trim":false,"return_hidden_states":false,"return_routed_experts":false,
                 "return_tokens_as_token_ids":false,"return_token_offsets":false,
                 "return_mm_kwargs":true,"routed_experts_prompt_start":0,"watermarking":false,
                 "logit_bias":{},"allowed_token_ids":[],"bad_words":[],"logprob_token_ids":[],
                 "response_format":{"type":"text"},"structured_outputs":{},"kv_transfer_params":{},
                 "ec_transfer_params":{},"vllm_xargs":{},"custom_params":{},"session_params":{},
                 "thinking_token_budget":-1,"stream_interval":1,"priority":0,"session_id":"s",
                 "truncation_side":"left","user":"u","store":false,
                 "metadata":{"a":[1,{"b":2}]},
                 "stream_options":{"include_usage":true,"continuous_usage_stats":false}}
                """))
        .isEqualTo(CompletionRequest.text("a").includeUsage(true).build());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model",
        "max_tokens",
        "temperature",
        "top_p",
        "top_k",
        "seed",
        "stop",
        "stop_token_ids",
        "ignore_eos",
        "stream",
        "stream_options",
        "logprobs",
        "request_id",
        "return_token_ids",
        "logprobs_mode",
        "n",
        "best_of",
        "echo",
        "suffix",
        "logit_bias",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        "length_penalty",
        "min_p",
        "min_tokens",
        "use_beam_search",
        "user",
        "priority",
        "cache_salt",
        "metadata",
        "store",
        "skip_special_tokens",
        "add_special_tokens",
        "spaces_between_special_tokens",
        "truncate_prompt_tokens",
        "truncation_side",
        "allowed_token_ids",
        "bad_words",
        "prompt_logprobs",
        "logprob_token_ids",
        "prompt_embeds",
        "response_format",
        "structured_outputs",
        "guided_json",
        "guided_regex",
        "guided_choice",
        "guided_grammar",
        "session_id",
        "return_tokens_as_token_ids",
        "return_token_offsets",
        "kv_transfer_params",
        "vllm_xargs",
        "repetition_detection",
        "thinking_token_budget",
        "stream_interval",
        "no_stop_trim",
        "return_hidden_states",
        "lora_path",
        "json_schema"
      })
  void aFieldThatIsNullIsAbsent(String field) {
    assertThat(parse("{\"prompt\":\"a\",\"%s\":null}".formatted(field)))
        .isEqualTo(CompletionRequest.text("a").build());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "best_of|3",
        "suffix|\"x\"",
        "length_penalty|2",
        "use_beam_search|true",
        "truncate_prompt_tokens|5",
        "allowed_token_ids|[1]",
        "bad_words|[\"x\"]",
        "logprob_token_ids|[1]",
        "response_format|{\"type\":\"structural_tag\"}",
        "structured_outputs|{\"grammar\":\"a\"}",
        "guided_json|{}",
        "guided_regex|\"a\"",
        "kv_transfer_params|{\"a\":1}",
        "no_stop_trim|true",
        "return_hidden_states|true",
        "thinking_token_budget|9",
        "stream_interval|4",
        "stream_options|{\"include_obfuscation\":true}",
      })
  void anyOtherValueOfAnUnsupportedFieldIsRefusedByName(String field, String value) {
    assertThatThrownBy(() -> parse("{\"prompt\":\"a\",\"%s\":%s}".formatted(field, value)))
        .isInstanceOf(WireException.class)
        .hasMessageStartingWith(field)
        .hasMessageContaining("(other values are not supported)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '§',
      value = {
        "{}|prompt: expected a string or a list of token ids, got nothing",
        "{\"prompt\":[]}|prompt: expected at least one token id",
        "{\"prompt\":[1,-2]}|prompt/1: expected an integer from 0 to 2147483647, got the number -2",
        "{\"prompt\":[1,2.5]}|prompt/1: expected an integer, got the number 2.5",
        "{\"prompt\":[\"a\",1]}|prompt/1: expected prompts of one kind, not token ids among them",
        "{\"prompt\":[\"a\",\"b\"]}|prompt: expected one prompt, got 2",
        "{\"prompt\":[1,[2]]}|prompt/1: expected an integer, got a list",
        "{\"prompt\":[[1,[2]]]}|prompt/0/1: expected an integer, got a list",
        "{\"prompt\":[[]]}|prompt: expected at least one token id",
        "{\"prompt\":[1,2,3,4,5,6,7,8]}|prompt: expected at most 7 token ids, got more: the context (inference.max_model_len) is 8",
        "{\"prompt\":[[1,2,3,4,5,6,7,8]]}|prompt: expected at most 7 token ids",
        "{\"prompt\":[1,99999999999]}|prompt/1: expected an integer from 0 to 2147483647, got the number 99999999999",
        "{\"prompt\":[true]}|prompt/0: expected an integer, got true",
        "{\"prompt\":[NaN]}|malformed JSON at line 1",
        "{\"prompt\":\"a\",\"stop_token_ids\":[-1]}|stop_token_ids/0: expected an integer from 0 to",
        "{\"prompt\":\"a\",\"seed\":99999999999999999999}|seed: expected an integer from -9223372036854775808",
        "{\"prompt\":\"a\",\"temperature\":1e999}|temperature: expected",
        "{\"prompt\":\"\\ud800x\"}|prompt: expected Unicode text, got the unpaired surrogate \\ud800 at character 0",
        "{\"prompt\":\"a\",\"stop\":[\"\\udc00\"]}|stop/0: expected Unicode text",
        "{\"prompt\":7}|prompt: expected a string or a list of token ids, or a list of these, got the number 7",
        "{\"prompt\":\"a\",\"max_tokens\":0}|max_tokens: expected at least 1, got 0",
        "{\"prompt\":\"a\",\"max_tokens\":\"9\"}|max_tokens: expected an integer, got a string",
        "{\"prompt\":\"a\",\"max_tokens\":99999999999}|max_tokens: expected an integer from -2147483648 to 2147483647, got the number 99999999999",
        "{\"prompt\":\"a\",\"temperature\":-1}|temperature: expected ≥ 0, got -1.0",
        "{\"prompt\":\"a\",\"top_p\":0}|top_p: expected a number in (0, 1], got 0.0",
        "{\"prompt\":\"a\",\"top_k\":-2}|top_k: expected at least 0",
        "{\"prompt\":\"a\",\"min_p\":1.01}|min_p: expected a number in [0, 1], got 1.01",
        "{\"prompt\":\"a\",\"min_p\":-0.1}|min_p: expected a number in [0, 1], got -0.1",
        "{\"prompt\":\"a\",\"min_tokens\":-1}|min_tokens: expected at least 0, got -1",
        "{\"prompt\":\"a\",\"min_tokens\":17}|min_tokens: expected at most max_tokens (16), got 17",
        "{\"prompt\":\"a\",\"min_tokens\":1.5}|min_tokens: expected an integer",
        "{\"prompt\":\"a\",\"presence_penalty\":2.1}|presence_penalty: expected a number from -2 to 2, got 2.1",
        "{\"prompt\":\"a\",\"frequency_penalty\":-2.1}|frequency_penalty: expected a number from -2 to 2, got -2.1",
        "{\"prompt\":\"a\",\"repetition_penalty\":0}|repetition_penalty: expected a number above 0, got 0.0",
        "{\"prompt\":\"a\",\"repetition_penalty\":1e999}|repetition_penalty: expected a number above 0, got Infinity",
        "{\"prompt\":\"a\",\"repetition_penalty\":\"1\"}|repetition_penalty: expected a number, got a string",
        "{\"prompt\":\"a\",\"logit_bias\":{\"5\":100.5}}|logit_bias/5: expected a number from -100 to 100, got 100.5",
        "{\"prompt\":\"a\",\"logit_bias\":{\"5\":\"1\"}}|logit_bias/5: expected a number, got a string",
        "{\"prompt\":\"a\",\"logit_bias\":{\"-1\":1}}|logit_bias: expected token ids as names, got '-1'",
        "{\"prompt\":\"a\",\"logit_bias\":{\"05\":1}}|logit_bias: expected token ids as names, got '05'",
        "{\"prompt\":\"a\",\"logit_bias\":{\"the\":1}}|logit_bias: expected token ids as names, got 'the'",
        "{\"prompt\":\"a\",\"logit_bias\":{\"2147483648\":1}}|logit_bias: expected token ids as names, got '2147483648'",
        "{\"prompt\":\"a\",\"logit_bias\":[5]}|logit_bias: expected an object, got a list",
        "{\"prompt\":\"a\",\"logprobs_mode\":\"raw_logits\"}|logprobs_mode: expected one of raw_logprobs, processed_logprobs, got 'raw_logits'",
        "{\"prompt\":\"a\",\"n\":0}|n: expected 1 to 128, got 0",
        "{\"prompt\":\"a\",\"n\":129}|n: expected 1 to 128, got 129",
        "{\"prompt\":\"a\",\"n\":1.5}|n: expected an integer, got the number 1.5",
        "{\"prompt\":\"a\",\"n\":2,\"temperature\":0}|n: expected 1 at a greedy temperature (below 1.0E-5), where all choices are equal, got 2",
        "{\"prompt\":\"a\",\"n\":2,\"best_of\":3}|best_of: expected 1 or n (other values are not supported), got 3",
        "{\"prompt\":\"a\",\"priority\":1.5}|priority: expected an integer, got the number 1.5",
        "{\"prompt\":\"a\",\"priority\":9223372036854775808}|priority: expected an integer from -9223372036854775808",
        "{\"prompt\":\"a\",\"cache_salt\":\"\"}|cache_salt: expected 1 to 128 characters, got 0",
        "{\"prompt\":\"a\",\"cache_salt\":7}|cache_salt: expected a string, got the number 7",
        "{\"prompt\":\"a\",\"cache_salt\":\"a@b\"}|cache_salt: expected no '@', '/', '\\' or NUL, got one",
        "{\"prompt\":\"a\",\"cache_salt\":\"\\u0000\"}|cache_salt: expected no '@', '/', '\\' or NUL, got one",
        "{\"prompt\":\"a\",\"logprobs\":true}|logprobs: expected an integer, got true",
        "{\"prompt\":\"a\",\"logprobs\":21}|logprobs: expected 0 to 20, got 21",
        "{\"prompt\":\"a\",\"stop\":[\"\"]}|stop: expected strings that are not empty",
        "{\"prompt\":\"a\",\"stream\":1}|stream: expected true or false, got the number 1",
        "{\"prompt\":\"a\",\"temprature\":1}|unknown field 'temprature'",
        "{\"prompt\":\"a\",\"prompt\":\"b\"}|prompt: expected once, got it again",
        "{\"prompt\":\"a\"|malformed JSON at line 1",
        "{\"prompt\":\"a\"} x|malformed JSON at line 1",
        "[]|body: expected an object, got a list",
        "§§|body: expected an object, got nothing",
      })
  void anErrorNamesTheFieldAndWhatWasExpected(String json, String message) {
    assertThatThrownBy(() -> parse(json))
        .isInstanceOf(WireException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(e.toString().lines()).hasSize(1));
  }

  private static CompletionRequest parse(String json) {
    return CompletionRequest.parse(json.getBytes(StandardCharsets.UTF_8), CONTEXT);
  }
}
