package dev.freshet.server;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.eventually;
import static dev.freshet.server.ServerFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.engine.PeftAdapters;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** vLLM's routes for adapters, on a server with a small real model. */
@Timeout(120)
class AdapterRoutesTest {
  private static final String LOAD = "/v1/load_lora_adapter";
  private static final String UNLOAD = "/v1/unload_lora_adapter";
  private static final String TRACE = "00000000000000a7";

  private final ModelServer fixture = new ModelServer();
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void close() {
    http.close();
    fixture.close();
  }

  private HttpResponse<String> post(URI root, String path, String body, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(root.resolve(path))
            .timeout(Duration.ofSeconds(60))
            .POST(HttpRequest.BodyPublishers.ofString(body));
    return http.send(
        (headers.length > 0 ? request.headers(headers) : request).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> admin(String path, String body, String... headers) throws Exception {
    return post(fixture.server.adminUrl(), path, body, headers);
  }

  private JsonNode get(String path) throws Exception {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(fixture.server.dataUrl().resolve(path)).build(),
            HttpResponse.BodyHandlers.ofString());
    return json(answer.body());
  }

  private static String load(String name, Path dir) {
    return "{\"lora_name\":\"%s\",\"lora_path\":\"%s\"}".formatted(name, dir);
  }

  private HttpResponse<String> complete(String model, String adapter) throws Exception {
    return post(
        fixture.server.dataUrl(),
        "/v1/completions",
        "{\"model\":\"%s\",\"prompt\":%s,\"max_tokens\":24,\"temperature\":0,\"ignore_eos\":true,\"return_token_ids\":true}"
            .formatted(model, Arrays.toString(PeftAdapters.prompt(adapter))));
  }

  private static List<Integer> ids(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return json(answer.body())
        .at("/choices/0/token_ids")
        .valueStream()
        .map(JsonNode::asInt)
        .toList();
  }

  private static void assertError(
      HttpResponse<String> answer, int status, String code, String message) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(json(answer.body()).at("/error/code").asString()).isEqualTo(code);
    assertThat(json(answer.body()).at("/error/message").asString()).contains(message);
  }

  @Test
  void aLoadedAdapterIsListedAndChosenByItsNameUntilItIsUnloaded() throws Exception {
    HttpResponse<String> added = admin(LOAD, load("a/b", PeftAdapters.dir("llama")));
    assertThat(added.statusCode()).as(added.body()).isEqualTo(200);
    assertThat(added.body()).isEqualTo("Success: LoRA adapter 'a/b' added successfully.");
    assertThat(added.headers().firstValue("content-type")).contains("text/plain; charset=utf-8");
    admin(LOAD, load("two", PeftAdapters.dir("llama-rslora")));

    JsonNode models = get("/v1/models").get("data");
    assertThat(models.valueStream().map(model -> model.get("id").asString()))
        .containsExactly("tiny", "a/b", "two");
    assertThat(models.get(0).has("parent")).isFalse();
    assertThat(models.get(1).get("parent").asString()).isEqualTo("tiny");
    assertThat(models.get(1).get("root").asString())
        .isEqualTo(PeftAdapters.dir("llama").toString());
    assertThat(get("/v1/models/a%2Fb")).isEqualTo(models.get(1));

    HttpResponse<String> tuned = complete("a/b", "llama");
    assertThat(ids(tuned)).isEqualTo(PeftAdapters.greedy("llama"));
    assertThat(json(tuned.body()).get("model").asString()).isEqualTo("a/b");
    assertThat(ids(complete("two", "llama-rslora"))).isEqualTo(PeftAdapters.greedy("llama-rslora"));
    assertThat(ids(complete("tiny", "llama"))).isNotEqualTo(PeftAdapters.greedy("llama"));

    HttpResponse<String> removed = admin(UNLOAD, "{\"lora_name\":\"a/b\"}");
    assertThat(removed.statusCode()).isEqualTo(200);
    assertThat(removed.body()).isEqualTo("Success: LoRA adapter 'a/b' removed successfully.");
    assertError(
        complete("a/b", "llama"),
        404,
        "model_not_found",
        "model: 'a/b' is not served, expected 'tiny' or 'two'");
    assertThat(get("/v1/models").get("data")).hasSize(2);
    assertThat(value("freshet_adapters_loaded")).isEqualTo(1);
  }

  @Test
  void anOperationIsTimedUnderItsTraceIdAndIsNotRepeatedUnderIt() throws Exception {
    String body = load("x", PeftAdapters.dir("llama"));
    for (int i = 0; i < 2; i++) {
      assertThat(admin(LOAD, body, "x-trace-id", TRACE).body()).startsWith("Success");
    }
    assertError(admin(LOAD, body), 400, "invalid_request", "has already been loaded");

    assertThat(fixture.log)
        .filteredOn(line -> line.contains(TRACE))
        .extracting(line -> line.replaceAll(" (t|rpc_ms|trace|span|parent)=\\S+", ""))
        .extracting(line -> line.replaceAll("^\\S+ ", ""))
        .containsSubsequence(
            "server.recv path=" + LOAD,
            "rpc.start op=load_lora_adapter phase=all",
            "rpc.done op=load_lora_adapter phase=all");
    assertThat(fixture.log.stream().filter(line -> line.contains("rpc.done op=load_lora_adapter")))
        .hasSize(2);
    assertThat(fixture.log)
        .anyMatch(
            line -> Pattern.compile("rpc.done op=load_lora_adapter .*error=").matcher(line).find());
    String labels = "{op=\"load_lora_adapter\",phase=\"all\"}";
    eventually(() -> value("freshet_server_rpc_seconds_count" + labels) == 1);
    assertThat(value("freshet_server_failures_total" + labels)).isEqualTo(1);
  }

  private double value(String series) {
    try {
      return ScrapedPage.of(fixture.server.adminUrl()).value(series);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/v1/load_lora_adapter | {} | lora_name: expected a name, got nothing",
        "/v1/load_lora_adapter | {\"lora_name\":\"x\"} | lora_path: expected a directory, got"
            + " nothing",
        "/v1/load_lora_adapter | {\"lora_name\":\"\",\"lora_path\":\"/x\"} | lora_name: expected 1"
            + " to 256 characters, got 0",
        "/v1/load_lora_adapter | {\"lora_name\":\"x\",\"lora_path\":\"\"} | lora_path: expected a"
            + " directory",
        "/v1/load_lora_adapter | {\"lora_name\":\"x\",\"lora_path\":\"/x\",\"load_inplace\":true} |"
            + " load_inplace: expected false",
        "/v1/load_lora_adapter |"
            + " {\"lora_name\":\"x\",\"lora_path\":\"/x\",\"is_3d_lora_weight\":true} |"
            + " is_3d_lora_weight: expected false",
        "/v1/load_lora_adapter | {\"lora_name\":\"x\",\"lora_path\":\"/x\",\"y\":1} | unknown field"
            + " 'y'",
        "/v1/load_lora_adapter | {\"lora_name\":\"tiny\",\"lora_path\":\"/x\"} | it is the name of"
            + " the base model",
        "/v1/unload_lora_adapter | {} | lora_name: expected a name, got nothing",
      })
  void aRequestThatIsWrongIsRefusedByName(String path, String body, String message)
      throws Exception {
    assertError(admin(path, body), 400, "invalid_request", message);
  }

  @Test
  void whatIsMissingIs404AndWhatDoesNotFitIs409() throws Exception {
    assertError(
        admin(LOAD, load("x", LLAMA.resolve("missing"))), 404, "not_found", "no such directory");
    assertError(
        admin(UNLOAD, "{\"lora_name\":\"x\",\"lora_int_id\":1}"),
        404,
        "not_found",
        "adapter 'x' cannot be found");
    assertError(
        admin(LOAD, load("x", PeftAdapters.dir("phi3"))), 409, "conflict", "expected shape");
    assertThat(get("/v1/models").get("data")).hasSize(1);
  }
}
