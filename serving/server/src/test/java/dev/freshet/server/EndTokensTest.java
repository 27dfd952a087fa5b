package dev.freshet.server;

import static dev.freshet.engine.Fixture.LLAMA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.client.Completion;
import dev.freshet.client.StreamingClient;
import dev.freshet.config.ConfigLoader;
import dev.freshet.engine.Fixture;
import dev.freshet.engine.Fixture.Golden;
import dev.freshet.http.HttpConfig;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.CompletionRequestBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A model whose configuration does not name the token that ends its turns. */
@Timeout(120)
class EndTokensTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path dir;

  @Test
  void aCompletionEndsWithTheEndTokenThatOnlyTheTokenizerNames() throws Exception {
    Golden golden = Fixture.golden(LLAMA).getFirst();
    int end = golden.greedy().get(2);
    int length = golden.greedy().indexOf(end) + 1;
    Path model = modelThatEndsWith(end);
    try (InferenceServer server = start(model);
        StreamingClient client = new StreamingClient()) {
      CompletionRequestBuilder request =
          CompletionRequest.tokens(golden.prompt()).maxTokens(10).temperature(0);

      Completion ended = complete(client, server, request);
      Completion beyond = complete(client, server, request.ignoreEos(true));

      assertThat(ended.finishReason()).isEqualTo("stop");
      assertThat(ended.tokenIds()).hasSize(length).endsWith(end);
      assertThat(beyond.finishReason()).isEqualTo("length");
    }
  }

  private static Completion complete(
      StreamingClient client, InferenceServer server, CompletionRequestBuilder request)
      throws Exception {
    return client
        .start(server.dataUrl(), request.returnTokenIds(true).build(), ServerFixture.LONG)
        .result()
        .get(60, TimeUnit.SECONDS);
  }

  private Path modelThatEndsWith(int token) throws Exception {
    for (String name : new String[] {"config.json", "model.safetensors", "tokenizer.json"}) {
      Files.copy(LLAMA.resolve(name), dir.resolve(name));
    }
    JsonNode vocab = JSON.readTree(LLAMA.resolve("tokenizer.json").toFile()).at("/model/vocab");
    String text =
        vocab
            .propertyStream()
            .filter(entry -> entry.getValue().asInt() == token)
            .findFirst()
            .orElseThrow()
            .getKey();
    Files.writeString(
        dir.resolve("tokenizer_config.json"),
        JSON.writeValueAsString(Map.of("eos_token", Map.of("content", text))));
    return dir;
  }

  private static InferenceServer start(Path model) {
    InferenceConfig config =
        ConfigLoader.with(
            ConfigLoader.defaults(InferenceConfig.class).onFreePorts(),
            Map.of("max_sequences", "2", "max_model_len", "256"));
    return InferenceServer.start(
        model,
        config,
        HttpConfig.DEFAULT,
        new EventLog(line -> {}, MonotonicClock.SYSTEM),
        new MetricsRegistry(),
        Optional.empty());
  }
}
