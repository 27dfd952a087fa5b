package dev.freshet.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class RunSummaryTest {
  /** A run of two steps with an update that failed and was tried again. */
  private static final String METRICS =
      """
      {"role":"trainer","kind":"sft","step":1,"loss":3.5}
      {"role":"orchestrator","kind":"eval","step":0,"newest_step":0,"reward":0.25,"problems":64}
      {"role":"orchestrator","kind":"step","step":1,"staleness_mean":0.0,"staleness_max":0,"rollouts":10}
      {"role":"trainer","kind":"train","step":1,"mismatch_kl":1.0E-4,"tokens":300,"step_ms":500.0}
      {"role":"orchestrator","kind":"update","step":1,"status":"failed","error":"connection refused"}
      {"role":"orchestrator","kind":"update","step":1,"status":"ok","queue_ms":1.0,"rpc_ms":10.0,"wall_ms":11.0,"stall_ms":0.25,"phases":{"prepare_ms":9.0,"wait_step_ms":0.5,"swap_ms":0.25}}
      {"role":"orchestrator","kind":"step","step":2,"staleness_mean":1.0,"staleness_max":2,"rollouts":30}
      {"role":"trainer","kind":"train","step":2,"mismatch_kl":3.0E-4,"tokens":700,"step_ms":1500.0}
      {"role":"orchestrator","kind":"update","step":2,"status":"ok","queue_ms":3.0,"rpc_ms":20.0,"wall_ms":23.0,"stall_ms":0.75,"phases":{"prepare_ms":19.0,"wait_step_ms":0.5,"swap_ms":0.75}}
      {"role":"orchestrator","kind":"of a later version","step":2,"queue_ms":9999.0,"wall_ms":9999.0}
      {"role":"orchestrator","kind":"eval","step":2,"newest_step":2,"reward":0.75,"problems":64}
      {"role":"orchestrator","kind":"run","finished":true,"generated_tokens":5000,"generation_s":2.0,"wall_s":12.5,"rss_mb":900.0}
      """;

  @TempDir Path dir;

  private Path metrics;
  private Path json;

  @BeforeEach
  void nameFiles() throws IOException {
    metrics = Files.createDirectories(dir.resolve("metrics")).resolve("trainer.jsonl");
    json = dir.resolve("summary.json");
  }

  @Test
  void theFiguresAreThoseOfTheLines() throws IOException {
    Files.writeString(metrics, METRICS);

    RunSummary summary = RunSummary.read(dir);

    assertThat(summary.wallS()).isEqualTo(12.5);
    assertThat(summary.rssMb()).isEqualTo(900);
    assertThat(summary.rewardStart()).isEqualTo(0.25);
    assertThat(summary.rewardEnd()).isEqualTo(0.75);
    assertThat(summary.mismatchKlMean()).isCloseTo(2e-4, within(1e-12));
    assertThat(summary.mismatchKlMax()).isEqualTo(3e-4);
    assertThat(summary.stalenessMean()).isEqualTo(0.75); // 30 rollouts of 40.
    assertThat(summary.stalenessMax()).isEqualTo(2);
    assertThat(summary.wallMs()).isEqualTo(Distribution.of(List.of(11.0, 23.0)));
    assertThat(summary.queueMs()).isEqualTo(Distribution.of(List.of(1.0, 3.0)));
    assertThat(summary.rpcMs()).isEqualTo(Distribution.of(List.of(10.0, 20.0)));
    assertThat(summary.stallMs()).isEqualTo(Distribution.of(List.of(0.25, 0.75)));
    assertThat(summary.engineTokensPerS()).isEqualTo(2500);
    assertThat(summary.trainerTokensPerS()).isEqualTo(500);
  }

  @Test
  void theJsonHasExactlyTheAgreedKeys() throws IOException {
    Files.writeString(metrics, METRICS);

    RunSummary.read(dir).write(json);

    JsonNode root = new ObjectMapper().readTree(Files.readAllBytes(json));
    assertThat(keys("", root))
        .containsExactly(
            "wall_s",
            "rss_mb",
            "reward.start",
            "reward.end",
            "mismatch_kl.mean",
            "mismatch_kl.max",
            "staleness.mean",
            "staleness.max",
            "updates.count",
            "updates.queue_ms.p50",
            "updates.queue_ms.p95",
            "updates.queue_ms.p99",
            "updates.queue_ms.max",
            "updates.rpc_ms.p50",
            "updates.rpc_ms.p95",
            "updates.rpc_ms.p99",
            "updates.rpc_ms.max",
            "updates.wall_ms.p50",
            "updates.wall_ms.p95",
            "updates.wall_ms.p99",
            "updates.wall_ms.max",
            "updates.stall_ms.p50",
            "updates.stall_ms.p95",
            "updates.stall_ms.p99",
            "updates.stall_ms.max",
            "engine_tokens_per_s",
            "trainer_tokens_per_s");
    assertThat(root.at("/updates/count").asInt()).isEqualTo(2);
    assertThat(root.at("/updates/queue_ms/p50").asDouble()).isEqualTo(2);
  }

  @Test
  void anIncompleteLineIsSkipped() throws IOException {
    Files.writeString(metrics, METRICS);
    RunSummary whole = RunSummary.read(dir);
    byte[] last =
        "{\"role\":\"orchestrator\",\"kind\":\"eval\",\"reward\":0.9,\"error\":\"é\"}\n"
            .getBytes(StandardCharsets.UTF_8);

    for (int cut = 0; cut < last.length - 2; cut++) {
      byte[] torn = METRICS.getBytes(StandardCharsets.UTF_8);
      int at = torn.length;
      torn = Arrays.copyOf(torn, at + cut);
      System.arraycopy(last, 0, torn, at, cut);
      Files.write(metrics, torn);

      assertThat(RunSummary.read(dir)).as("cut after %d bytes", cut).isEqualTo(whole);
    }
  }

  @Test
  void missingFiguresAreNullInJson() throws IOException {
    Files.writeString(metrics, "");

    RunSummary summary = RunSummary.read(dir);
    summary.write(json);

    JsonNode root = new ObjectMapper().readTree(Files.readAllBytes(json));
    assertThat(root.at("/updates/count").asInt(-1)).isZero();
    assertThat(keys("", root))
        .filteredOn(key -> !key.equals("updates.count"))
        .hasSize(26)
        .allSatisfy(key -> assertThat(root.at("/" + key.replace('.', '/')).isNull()).isTrue());
    assertThat(summary.table()).contains("0 weight updates");
  }

  @Test
  void theTableIsTheSameWhereverItIsPrinted() throws IOException {
    Files.writeString(metrics, METRICS);
    RunSummary summary = RunSummary.read(dir);
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      assertThat(summary.table())
          .contains("0.250 → 0.750", "2,500 tokens/s", "2 weight updates")
          .containsPattern("queue_ms +2\\.00 +2\\.90 +2\\.98 +3\\.00");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void aRunWithoutMetricsIsRejectedByName() {
    assertThatThrownBy(() -> RunSummary.read(dir))
        .isInstanceOf(AnalysisException.class)
        .hasMessage(dir + ": cannot be summarized: it contains no metrics/<role>.jsonl");
  }

  private static List<String> keys(String prefix, JsonNode node) {
    List<String> keys = new ArrayList<>();
    node.properties()
        .forEach(
            field -> {
              String key = prefix + field.getKey();
              if (field.getValue().isObject()) {
                keys.addAll(keys(key + ".", field.getValue()));
              } else {
                keys.add(key);
              }
            });
    return keys;
  }
}
