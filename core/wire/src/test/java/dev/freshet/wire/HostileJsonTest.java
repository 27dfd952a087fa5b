package dev.freshet.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bodies that are no honest request, for every request that has a JSON body. */
class HostileJsonTest {
  private static final int LONG = 100_000;

  /** A parser of bodies, by the route that uses it. */
  private static final List<Named<Consumer<byte[]>>> PARSERS =
      List.of(
          Named.of("completions", json -> CompletionRequest.parse(json, 1024)),
          Named.of("chat completions", ChatRequest::parse),
          Named.of("generate", json -> GenerateBody.parse(json, 1024)),
          Named.of("messages", AnthropicRequest::parse),
          Named.of("count_tokens", AnthropicRequest::parseCount),
          Named.of("responses", ResponsesRequest::parse),
          Named.of("reward", RewardRequest::parse),
          Named.of("tokenize", TokenizeRequest::parse),
          Named.of("detokenize", DetokenizeRequest::parse),
          Named.of("update_weights", UpdateWeightsRequest::parse),
          Named.of("update_weights of a fleet", FleetUpdateRequest::parse),
          Named.of("reload_weights", ReloadWeightsRequest::parse),
          Named.of("load_lora_adapter", AdapterRequest::parseLoad),
          Named.of("unload_lora_adapter", AdapterRequest::parseUnload),
          Named.of("abort_requests", AbortRequest::parse));

  private static Stream<Arguments> bodies() throws Exception {
    List<Named<String>> bodies =
        Stream.concat(
                Stream.of(
                        "prompt",
                        "messages",
                        "tools",
                        "chat_template_kwargs",
                        "system",
                        "input",
                        "reward",
                        "token_ids",
                        "metadata",
                        "step",
                        "weight_dir",
                        "lora_name",
                        "mode",
                        "request_ids",
                        "x")
                    .flatMap(
                        field ->
                            values()
                                .map(
                                    value ->
                                        Named.of(
                                            field + " " + excerpt(value),
                                            "{\"%s\":%s}".formatted(field, value)))),
                Stream.of(
                    Named.of("long name", "{\"%s\":1}".formatted("n".repeat(60_000))),
                    Named.of("long escaped name", "{\"%s\":1}".formatted("\\u0001".repeat(9_000))),
                    Named.of("name of controls", "{\"a\\nb\\u001b[31m\\u202e\":1}"),
                    Named.of("no JSON", "prompt=a&max_tokens=1"),
                    Named.of("control character", "{\"prompt\":\"a\nb\"}"),
                    Named.of("comment", "{/* */\"prompt\":\"a\"}"),
                    Named.of("single quotes", "{'prompt':'a'}"),
                    Named.of("trailing comma", "{\"prompt\":\"a\",}"),
                    Named.of("leading zero", "{\"step\":007}"),
                    Named.of("byte order mark", "\uFEFF\uFEFF{}"),
                    Named.of("gzip", gzip("{\"prompt\":\"a\"}")),
                    Named.of("open list", "[".repeat(LONG)),
                    Named.of("open object", "{\"a\":".repeat(LONG))))
            .toList();
    return PARSERS.stream()
        .flatMap(parser -> bodies.stream().map(body -> Arguments.of(parser, body)));
  }

  private static Stream<String> values() {
    return Stream.of(
        "1".repeat(LONG),
        "-" + "9".repeat(LONG),
        "0." + "1".repeat(LONG),
        "1e" + "9".repeat(LONG),
        "1e999999999",
        "NaN",
        "-Infinity",
        "[".repeat(LONG) + "]".repeat(LONG),
        "{\"a\":".repeat(LONG) + "1" + "}".repeat(LONG),
        "[".repeat(LONG),
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\x\"",
        "\"\\u12\"",
        "{\"a\":1,\"a\":2}",
        "{\"%s\":1}".formatted("n".repeat(60_000)),
        "[\"%s\",0.5]".formatted("s".repeat(60_000)),
        "truee",
        "");
  }

  private static String excerpt(String value) {
    return value.substring(0, Math.min(value.length(), 12));
  }

  private static String gzip(String text) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @MethodSource("bodies")
  void everyHostileBodyIsRefusedInOneShortLineOfOurOwnWords(Consumer<byte[]> parser, String body) {
    assertRefused(parser, body.getBytes(StandardCharsets.UTF_8));
    assertRefused(parser, body.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static void assertRefused(Consumer<byte[]> parser, byte[] body) {
    Throwable refused = catchThrowable(() -> parser.accept(body));

    assertThat(refused).isInstanceOf(WireException.class);
    assertThat(refused.getMessage())
        .hasSizeLessThan(400)
        .doesNotContain(
            "CTRL-CHAR", "StreamRead", "JsonRead", "Feature", "reference chain", "Source")
        .matches("\\P{Cntrl}+")
        .doesNotContain("\u202e");
  }

  @Test
  void aFaultIsNamedByItsPlace() {
    assertThat(
            message("{\"prompt\":\"a\",\"metadata\":" + "[".repeat(LONG) + "]".repeat(LONG) + "}"))
        .startsWith("metadata/0/0")
        .endsWith("at most 64 levels of nesting");
    assertThat(message("{\"prompt\":\"a\",\"seed\":" + "1".repeat(LONG) + "}"))
        .isEqualTo(
            "seed: expected names and numbers of at most 1000 characters, and at most 64 levels of"
                + " nesting");
    assertThat(message("{\"prompt\":\"a\",\"metadata\":{\"a\":1,\"a\":2}}"))
        .isEqualTo("metadata/a: expected once, got it again");
    assertThat(message("{\"prompt\":\"a\",\"b\\nc\":1}")).isEqualTo("unknown field 'b\\u000ac'");
    assertThat(message("{\"prompt\":NaN}"))
        .isEqualTo("malformed JSON at line 1, column 14: expected JSON, got '{\"prompt\":NaN}'");
    assertThat(message("{\"prompt\":\"a\nb\"}")).endsWith("got '{\"prompt\":\"a\\u000ab\"}'");
    assertThat(message("[")).isEqualTo("body: expected an object, got a list");
    assertThat(message("{\"prompt\":\"a"))
        .isEqualTo("malformed JSON at line 1, column 13: the document ends early");
  }

  @Test
  void listsAndFieldsWithoutEffectAreBounded() {
    String ids =
        IntStream.range(0, 2000).mapToObj(Integer::toString).collect(Collectors.joining(","));
    assertThat(message("{\"prompt\":[%s]}".formatted(ids)))
        .startsWith("prompt: expected at most 1023 token ids, got more");
    assertThat(message("{\"prompt\":\"a\",\"stop_token_ids\":[%s]}".formatted(ids)))
        .isEqualTo("stop_token_ids: expected at most 1024 elements, got more");
    assertThat(message("{\"prompt\":\"a\",\"stop\":[%s]}".formatted("\"x\",".repeat(64) + "\"x\"")))
        .isEqualTo("stop: expected at most 64 elements, got more");
    assertThat(message("{\"prompt\":\"a\",\"stop\":\"%s\"}".formatted("x".repeat(300_000))))
        .isEqualTo("stop: expected at most 16384 characters in all strings, got 300000");
    for (String value :
        List.of(
            "\"" + "x".repeat(17_000) + "\"",
            "{" + many("\"k%d\":1") + "}",
            "[" + many("%d") + "]",
            "{\"a\":\"" + "x".repeat(17_000) + "\"}")) {
      assertThat(message("{\"prompt\":\"a\",\"metadata\":%s}".formatted(value)))
          .isEqualTo("metadata: expected at most 16384 bytes, got more");
    }
    assertThat(message("{\"prompt\":\"a\",\"logit_bias\":{%s}}".formatted(many("\"%d\":0"))))
        .isEqualTo("logit_bias: expected at most 1024 entries, got more");
    assertThatCode(
            () ->
                CompletionRequest.parse(
                    "{\"prompt\":\"a\",\"metadata\":\"%s\"}"
                        .formatted("x".repeat(16_000))
                        .getBytes(StandardCharsets.UTF_8),
                    1024))
        .doesNotThrowAnyException();
  }

  @Test
  void aRandomlyChangedRequestIsReadOrRefusedAndNothingElse() {
    byte[] honest =
        """
        {"prompt":"the river","max_tokens":5,"temperature":0.5,"stop":["a","b"],"seed":3,
         "stream_options":{"include_usage":true},"metadata":{"a":[1,{"b":null}]},"logprobs":2}
        """
            .getBytes(StandardCharsets.UTF_8);
    Random random = new Random(11);
    for (int i = 0; i < 20_000; i++) {
      byte[] changed = honest.clone();
      for (int k = 0; k <= random.nextInt(3); k++) {
        changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
      }
      Throwable refused = catchThrowable(() -> CompletionRequest.parse(changed, 1024));
      if (refused != null) {
        assertThat(refused).isInstanceOf(WireException.class);
        assertThat(refused.getMessage()).matches("\\P{Cntrl}+").hasSizeLessThan(400);
      }
    }
  }

  private static String many(String entry) {
    return IntStream.range(0, 8000).mapToObj(entry::formatted).collect(Collectors.joining(","));
  }

  private static String message(String json) {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    return String.valueOf(catchThrowable(() -> CompletionRequest.parse(body, 1024)).getMessage());
  }
}
