package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A client of a front whose servers say by which weights they answer. */
record FrontClient(FrontFixture front) {
  static final String PROMPT = "{\"model\": \"policy\", \"prompt\": [1, 2]}";
  private static final ObjectMapper JSON = new ObjectMapper();

  static JsonNode json(RawClient.Answer answer) {
    return JSON.readTree(answer.text());
  }

  /** Posts to the admin listener. */
  RawClient.Answer post(String path, String body) throws IOException {
    return RawClient.exchange(front.admin(), RawClient.post(path, body));
  }

  /** Asks the admin listener. */
  RawClient.Answer get(String path) throws IOException {
    return RawClient.exchange(front.admin(), RawClient.get(path));
  }

  RawClient.Answer update(String directory, long step) throws IOException {
    return post(
        "/update_weights", "{\"weight_dir\":\"%s\",\"step\":%d}".formatted(directory, step));
  }

  /** The directory of the weights that answer a request. */
  String ask(String... headers) throws IOException {
    RawClient.Answer answer =
        RawClient.exchange(front.data(), RawClient.post("/v1/completions", PROMPT, headers));
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return json(answer).get("weights").asString();
  }

  /** What the front says of a replica. */
  JsonNode replica(int index) throws IOException {
    return json(get("/replicas")).get("replicas").get(index);
  }

  /** Calls on a thread of its own. */
  static <T> FutureTask<T> inBackground(Callable<T> call) {
    FutureTask<T> task = new FutureTask<>(call);
    Thread.ofPlatform().daemon().start(task);
    return task;
  }
}
