package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.config.ConfigLoader;
import dev.freshet.http.HttpConfig;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.server.InferenceConfig;
import dev.freshet.server.InferenceServer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.gguf.GgufBuilder;
import dev.freshet.weights.gguf.GgufFixture;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** {@code freshet import}: what it makes is served, and what it cannot import it says. */
@Timeout(180)
class ImportCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path FIXTURES = Path.of("../core/model/src/test/fixtures");
  private static final Path LLAMA = FIXTURES.resolve("tiny-llama");
  private static final Path ADAPTERS = Path.of("../core/model/src/test/adapters");

  @TempDir Path dir;

  @Test
  void aGgufFileIsServedWithTheTokensOfTheOriginal() throws Exception {
    Path file = GgufFixture.of(LLAMA).write(dir.resolve("tiny.gguf"));
    Path target = dir.resolve("models/tiny");

    CommandLineRun run = CommandLineRun.of("import", file.toString(), "--to", target.toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .startsWith(target + ": llama, 2 layers, ")
        .endsWith("parameters, float32, 607,488 bytes\n");
    CheckpointStore.verify(target);
    assertThat(target.resolve("chat_template.jinja"))
        .hasSameTextualContentAs(LLAMA.resolve("chat_template.jinja"));
    assertThat(target.resolve("generation_config.json")).content().contains("\"eos_token_id\" : 2");
    assertServesGolden(target);
  }

  /** The texts are encoded by the imported tokenizer, and completed by the imported weights. */
  private static void assertServesGolden(Path model) throws Exception {
    InferenceConfig config =
        ConfigLoader.with(
            ConfigLoader.defaults(InferenceConfig.class).onFreePorts(),
            Map.of("max_sequences", "2", "max_model_len", "256"));
    JsonNode golden = JSON.readTree(Files.readAllBytes(LLAMA.resolve("golden.json")));
    try (InferenceServer server =
            InferenceServer.start(
                model,
                config,
                HttpConfig.DEFAULT,
                new EventLog(line -> {}, MonotonicClock.SYSTEM),
                new MetricsRegistry(),
                Optional.empty());
        HttpClient http = HttpClient.newHttpClient()) {
      for (JsonNode example : golden.get("cases")) {
        JsonNode tokens = example.get("greedy_token_ids");
        String body =
            JSON.writeValueAsString(
                Map.of(
                    "prompt",
                    example.get("text").asString(),
                    "max_tokens",
                    tokens.size(),
                    "temperature",
                    0,
                    "ignore_eos",
                    true,
                    "return_token_ids",
                    true));
        HttpResponse<String> answer =
            http.send(
                HttpRequest.newBuilder(server.dataUrl().resolve("/v1/completions"))
                    .timeout(Duration.ofSeconds(60))
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
        JsonNode choice = JSON.readTree(answer.body()).path("choices").path(0);
        assertThat(choice.path("token_ids")).as(answer.body()).isEqualTo(tokens);
      }
    }
  }

  @Test
  void aShardedDirectoryIsImportedInAnotherType() throws IOException {
    Path original = dir.resolve("sharded");
    Files.createDirectory(original);
    try (var files = Files.list(FIXTURES.resolve("tiny-qwen3-untied-shards"))) {
      for (Path file : files.toList()) {
        Files.copy(file, original.resolve(Objects.requireNonNull(file.getFileName())));
      }
    }
    Files.copy(LLAMA.resolve("tokenizer.json"), original.resolve("tokenizer.json"));
    Path target = dir.resolve("one");

    CommandLineRun run =
        CommandLineRun.of(
            "import", original.toString(), "--to", target.toString(), "--dtype", "bfloat16");

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("qwen3", "bfloat16");
    CheckpointStore.verify(target);
    assertThat(target.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(LLAMA.resolve("tokenizer.json"));
    assertThat(target.resolve("config.json")).content().contains("\"dtype\" : \"bfloat16\"");
  }

  @Test
  void anAdapterIsAddedToTheImportedWeights() {
    Path target = dir.resolve("adapted");
    String adapter = ADAPTERS.resolve("llama").toString();
    CommandLineRun run =
        CommandLineRun.of("import", LLAMA.toString(), "--lora", adapter, "--to", target.toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    CheckpointStore.verify(target);
    assertThat(target.resolve("adapter_config.json")).doesNotExist();
    assertThat(target.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(LLAMA.resolve("tokenizer.json"));
  }

  private void refused(int exitCode, String expected, String... arguments) {
    CommandLineRun run = CommandLineRun.of(arguments);
    assertThat(run.err())
        .startsWith("freshet: ")
        .contains(expected)
        .hasLineCount(1)
        .doesNotContain("Exception");
    assertThat(run.exitCode()).isEqualTo(exitCode);
    assertThat(dir.resolve("out")).doesNotExist();
  }

  @Test
  void whatCannotBeImportedIsSaidInOneLineAndLeavesNothing() throws IOException {
    String out = dir.resolve("out").toString();
    Path gguf = GgufFixture.of(LLAMA).write(dir.resolve("tiny.gguf"));
    Path quantized = new GgufBuilder().rawTensor("t", 14, 0, 256).write(dir.resolve("q6.gguf"));
    Path broken = Files.write(dir.resolve("broken.gguf"), new byte[100]);
    Path foreign =
        GgufFixture.of(FIXTURES.resolve("tiny-llama-biases")).write(dir.resolve("none.gguf"));
    Path withoutTokenizer = Files.createDirectory(dir.resolve("without"));
    for (String name : List.of("config.json", "model.safetensors")) {
      Files.copy(LLAMA.resolve(name), withoutTokenizer.resolve(name));
    }

    refused(1, "not found: expected a GGUF file or", "import", dir + "/absent", "--to", out);
    refused(1, "type Q6_K is not supported", "import", quantized.toString(), "--to", out);
    refused(1, "not a GGUF file", "import", broken.toString(), "--to", out);
    refused(1, "tokenizer.ggml.tokens is missing", "import", foreign.toString(), "--to", out);
    refused(1, "has no tokenizer.json", "import", withoutTokenizer.toString(), "--to", out);
    refused(1, "has no config.json", "import", dir.toString(), "--to", out);
    refused(1, "exists already", "import", gguf.toString(), "--to", withoutTokenizer.toString());
    refused(
        1,
        "has shape [4, 48]: expected shape [4, 160]",
        "import",
        LLAMA.toString(),
        "--lora",
        ADAPTERS.resolve("phi3").toString(),
        "--to",
        out);
    refused(
        2,
        "--dtype 'int4': expected float32, bfloat16 or float16",
        "import",
        gguf.toString(),
        "--to",
        out,
        "--dtype",
        "int4");
    refused(2, "Missing required option: '--to=DIR'", "import", gguf.toString());
    refused(2, "Missing required parameter: 'SOURCE'", "import", "--to", out);
  }

  @Test
  void aWeightThatTheTypeCannotHoldIsNamedAndNothingIsPublished() throws IOException {
    byte[] row = new byte[128];
    row[3] = 0x7f; // 1.7e38 in float32
    Path gguf =
        new GgufBuilder()
            .key("general.architecture", "llama")
            .key("llama.block_count", 1)
            .key("llama.context_length", 8)
            .key("llama.embedding_length", 2)
            .key("llama.feed_forward_length", 2)
            .key("llama.attention.head_count", 1)
            .key("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .key("tokenizer.ggml.model", "gpt2")
            .key("tokenizer.ggml.pre", "smollm")
            .key("tokenizer.ggml.tokens", List.of("a", "b"))
            .tensor("token_embd.weight", 0, Arrays.copyOf(row, 16), 2, 2)
            .tensor("output_norm.weight", 0, new byte[8], 2)
            .tensor("blk.0.attn_norm.weight", 0, new byte[8], 2)
            .tensor("blk.0.ffn_norm.weight", 0, new byte[8], 2)
            .tensor("blk.0.attn_q.weight", 0, new byte[16], 2, 2)
            .tensor("blk.0.attn_k.weight", 0, new byte[16], 2, 2)
            .tensor("blk.0.attn_v.weight", 0, new byte[16], 2, 2)
            .tensor("blk.0.attn_output.weight", 0, new byte[16], 2, 2)
            .tensor("blk.0.ffn_gate.weight", 0, new byte[16], 2, 2)
            .tensor("blk.0.ffn_up.weight", 0, new byte[16], 2, 2)
            .tensor("blk.0.ffn_down.weight", 0, new byte[16], 2, 2)
            .write(dir.resolve("large.gguf"));

    refused(
        1,
        "tensor 'model.embed_tokens.weight': element 0 is 1.7014118E38, expected a finite number of"
            + " type F16",
        "import",
        gguf.toString(),
        "--to",
        dir.resolve("out").toString(),
        "--dtype",
        "float16");
    try (var left = Files.list(dir)) {
      assertThat(left.map(path -> String.valueOf(path.getFileName())))
          .containsExactlyInAnyOrder("large.gguf", ".publish.lock");
    }
  }
}
