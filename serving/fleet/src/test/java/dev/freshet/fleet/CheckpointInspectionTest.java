package dev.freshet.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.weights.Manifest;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.VerifyLevel;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** No server is paused for a checkpoint that it would fail to load, or load wrongly. */
@Timeout(60)
class CheckpointInspectionTest {
  static final List<Dialect> PAUSED = List.of(Dialects.VLLM, Dialects.SGLANG, Dialects.PRIME_RL);

  @TempDir private Path weights;
  private Path base;

  @BeforeEach
  void publishTheServedModel() {
    base = Checkpoints.publish(weights, 0, Checkpoints.MODEL);
  }

  @ParameterizedTest
  @FieldSource("PAUSED")
  void aGoodCheckpointIsLoadedAndReported(Dialect dialect) throws Exception {
    Path good = Checkpoints.publish(weights, 8, Checkpoints.MODEL);
    try (PeerServer server = serving(dialect, base.toString())) {
      UpdateByHand.Outcome outcome = run(dialect, server, request(good, VerifyLevel.FULL, false));

      assertThat(outcome.failures()).isEmpty();
      assertThat(outcome.table()).isPresent();
      assertThat(outcome.inspection().orElseThrow())
          .contains("3 tensors", "all numbers finite", "same names and shapes as " + base);
    }
  }

  @ParameterizedTest
  @FieldSource("PAUSED")
  void aCheckpointThatIsNotOnThisHostIsRefused(Dialect dialect) throws Exception {
    refused(dialect, weights.resolve("step_9"), "step_9: not found");
  }

  @ParameterizedTest
  @FieldSource("PAUSED")
  void aTruncatedCheckpointIsRefused(Dialect dialect) throws Exception {
    Path dir = Checkpoints.publish(weights, 8, Checkpoints.MODEL);
    try (RandomAccessFile file =
        new RandomAccessFile(dir.resolve("model.safetensors").toFile(), "rw")) {
      file.setLength(file.length() - 1);
    }
    refused(dialect, dir, "model.safetensors");
    Files.delete(dir.resolve(Manifest.FILE_NAME));
    refused(dialect, dir, "model.safetensors");
  }

  @Test
  void aNumberThatIsNotFiniteIsRefused() throws Exception {
    Map<String, Float> model = with(Checkpoints.NORM, Float.NaN);
    Path dir = Checkpoints.publish(weights, 8, model);
    refused(Dialects.VLLM, dir, "'model.norm.weight': element 0 is NaN or infinite");
  }

  @Test
  void aMissingTensorIsRefused() throws Exception {
    Path dir = Checkpoints.publish(weights, 8, without(Checkpoints.NORM));
    refused(Dialects.VLLM, dir, "tensor 'model.norm.weight' is missing");
  }

  @Test
  void anotherShapeIsRefused() throws Exception {
    Path dir = Checkpoints.publish(weights, 8, Checkpoints.MODEL, 3, 2);
    refused(Dialects.VLLM, dir, "has shape [3, 2], expected [2, 3]");
  }

  @Test
  void aTensorThatTheModelLacksIsRefused() throws Exception {
    Path dir = Checkpoints.publish(weights, 8, with("v_head.weight", 1f));
    refused(Dialects.VLLM, dir, "tensor 'v_head.weight' is not in the served model");
  }

  @Test
  void anOutputLayerThatIsTiedMayBeLeftOut() throws Exception {
    base = Checkpoints.publish(weights, 1, with(Checkpoints.HEAD, 2f));
    Path dir = Checkpoints.publish(weights, 8, without(Checkpoints.HEAD));
    accepted(request(dir, VerifyLevel.FULL, false));
  }

  @Test
  void anOutputLayerThatIsNotTiedMayNotBeLeftOut() throws Exception {
    Path dir = Checkpoints.publish(weights, 8, without(Checkpoints.HEAD));
    refused(Dialects.VLLM, dir, "tensor 'lm_head.weight' is missing");
  }

  @Test
  void anOutputLayerThatAServedTiedModelWouldDropIsRefused() throws Exception {
    base = Checkpoints.publish(weights, 1, without(Checkpoints.HEAD));
    Path dir = Checkpoints.publish(weights, 8, Checkpoints.MODEL);
    refused(Dialects.VLLM, dir, "tensor 'lm_head.weight' is not in the served model");
  }

  @Test
  void forceLoadsACheckpointWithOtherTensors() throws Exception {
    Path dir = Checkpoints.publish(weights, 8, without(Checkpoints.NORM));
    assertThat(accepted(request(dir, VerifyLevel.FULL, true))).contains("not compared");
  }

  @Test
  void verifySizeReadsNoContent() throws Exception {
    Path dir = Checkpoints.publish(weights, 8, with(Checkpoints.NORM, Float.NaN));
    assertThat(accepted(request(dir, VerifyLevel.SIZE, false))).contains("content not read");
  }

  @Test
  void aServedModelFromAHubIsNotCompared() throws Exception {
    Path dir = Checkpoints.publish(weights, 8, without(Checkpoints.NORM));
    try (PeerServer server = serving(Dialects.VLLM, "org/model")) {
      UpdateByHand.Outcome outcome =
          run(Dialects.VLLM, server, request(dir, VerifyLevel.FULL, false));

      assertThat(outcome.failures()).isEmpty();
      assertThat(outcome.inspection().orElseThrow()).contains("not compared");
    }
  }

  private String accepted(UpdateWeightsRequest request) throws Exception {
    try (PeerServer server = serving(Dialects.VLLM, base.toString())) {
      UpdateByHand.Outcome outcome = run(Dialects.VLLM, server, request);

      assertThat(outcome.failures()).isEmpty();
      return outcome.inspection().orElseThrow();
    }
  }

  private void refused(Dialect dialect, Path dir, String why) throws Exception {
    try (PeerServer server = serving(dialect, base.toString())) {
      UpdateByHand.Outcome outcome = run(dialect, server, request(dir, VerifyLevel.FULL, false));

      assertThat(outcome.failures()).singleElement().asString().contains(why);
      assertThat(outcome.table()).isEmpty();
      assertThat(server.calls)
          .as("calls that change it")
          .allMatch(call -> call.equals("/v1/models") || call.equals("/model_info"));
    }
  }

  private static PeerServer serving(Dialect dialect, String directory) throws Exception {
    PeerServer server = new PeerServer(dialect.name());
    server.root = directory;
    return server;
  }

  private static UpdateByHand.Outcome run(
      Dialect dialect, PeerServer server, UpdateWeightsRequest request) throws Exception {
    assertThat(server.kind).isEqualTo(dialect.name());
    return new UpdateByHand(
            List.of(server.spec()),
            Optional.empty(),
            Duration.ofSeconds(30),
            Optional.empty(),
            false,
            EventLog.silent(MonotonicClock.SYSTEM))
        .run(request);
  }

  private static UpdateWeightsRequest request(Path dir, VerifyLevel verify, boolean force) {
    return new UpdateWeightsRequest(
        Optional.of(dir.toString()),
        OptionalLong.of(8),
        UpdateMode.KEEP,
        UpdatePhase.ALL,
        verify,
        force);
  }

  private static Map<String, Float> with(String tensor, float first) {
    Map<String, Float> model = new HashMap<>(Checkpoints.MODEL);
    model.put(tensor, first);
    return model;
  }

  private static Map<String, Float> without(String tensor) {
    Map<String, Float> model = new HashMap<>(Checkpoints.MODEL);
    model.remove(tensor);
    return model;
  }
}
