package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.QWEN3;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.engine.EngineException.Kind;
import dev.freshet.engine.Fixture.Golden;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Weight updates of a real engine that decodes meanwhile. */
@Timeout(120)
class WeightUpdatesTest {
  private static final int[] PROMPT = {320, 363, 364};

  @TempDir Path dir;

  @Test
  void runningCompletionsContinueUnderTheNewVersionAndLoseNoToken() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 3, LLAMA, 0.05);
    List<Integer> fresh = Fixture.continuationOn(checkpoint, PROMPT, 24);
    List<Integer> old = Fixture.continuationOn(LLAMA, PROMPT, 24);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> started = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        started.add(Collected.of(engine, greedy(PROMPT, 253)));
      }
      started.getFirst().awaitTokens(20);

      WeightUpdate update = Fixture.update(engine, checkpoint, OptionalLong.of(3));

      assertThat(update.policyVersion()).isEqualTo(3);
      assertThat(engine.policyVersion()).isEqualTo(3);
      assertThat(update.preparedVersion()).isEmpty();
      assertThat(update.prepare().orElseThrow().totalMs()).isPositive();
      assertThat(update.commit().orElseThrow().waitStepMs()).isNotNegative();
      assertThat(update.stallMs()).isNotNegative();
      int spanning = 0;
      for (Collected one : started) {
        assertThat(one.all()).hasSize(253);
        assertThat(one.versions()).isSorted().isSubsetOf(0L, 3L);
        int before = (int) one.versions().stream().filter(version -> version == 0).count();
        assertThat(one.tokens().subList(0, Math.min(before, 24)))
            .as("tokens of the old version")
            .isEqualTo(old.subList(0, Math.min(before, 24)));
        spanning += before > 0 && before < 253 ? 1 : 0;
        if (before == 0) {
          assertThat(one.tokens().subList(0, 24)).isEqualTo(fresh);
        }
      }
      assertThat(spanning).as("completions of both versions").isBetween(1, 4);
      assertThat(Fixture.continuation(engine, PROMPT, 24)).isEqualTo(fresh).isNotEqualTo(old);
    }
  }

  @Test
  void aRefusedCheckpointNamesTheFaultAndTheOldVersionKeepsServing() throws Exception {
    Path good = Fixture.perturbed(dir.resolve("good"), 1, LLAMA, 0.05);
    List<Integer> tokens = Fixture.continuationOn(good, PROMPT, 24);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Fixture.update(engine, good, OptionalLong.empty());
      Collected underWay = Collected.of(engine, greedy(PROMPT, 24));

      Path missing = dir.resolve("step_9");
      assertRefused(engine, missing, missing + ": no such directory");
      Path unstable = copy("unstable");
      Files.delete(unstable.resolve(CheckpointStore.STABLE));
      assertRefused(engine, unstable, unstable + ": no STABLE marker");
      Path flipped = copy("flipped");
      Fixture.flipLastByte(flipped.resolve("model.safetensors"));
      assertRefused(engine, flipped, flipped + ": tensor '", "CRC32C");
      Path truncated = copy("truncated");
      Fixture.truncate(truncated.resolve("model.safetensors"), 100);
      assertRefused(engine, truncated, "model.safetensors: ", " bytes, expected ");
      Path unconfigured = copy("unconfigured");
      Files.delete(unconfigured.resolve("config.json"));
      assertRefused(engine, unconfigured, "config.json: not found");
      Path unmanifested = copy("unmanifested");
      Files.writeString(unmanifested.resolve("manifest.json"), "{");
      assertRefused(engine, unmanifested, "manifest.json: not valid JSON");
      Path other = Fixture.perturbed(dir.resolve("other"), 2, QWEN3, 0.01);
      assertRefused(
          engine, other, "another model: model_type is qwen3, expected llama as in " + LLAMA);
      Path unshaped =
          Fixture.publish(
              dir.resolve("unshaped"),
              2,
              LLAMA,
              (view, arena) ->
                  view.name().equals("model.norm.weight")
                      ? new dev.freshet.weights.TensorView(
                          view.name(), view.dtype(), new long[] {8, 8}, view.data())
                      : view);
      assertRefused(engine, unshaped, "model.norm.weight has shape [8, 8]: expected [64]");
      Path infinite =
          Fixture.elementwise(dir.resolve("infinite"), 2, LLAMA, x -> x > 0.5 ? Double.NaN : x);
      assertRefused(engine, infinite, "is NaN or infinite, expected finite weights");

      assertThat(underWay.all()).isEqualTo(tokens);
      assertThat(Fixture.continuation(engine, PROMPT, 24)).isEqualTo(tokens);
      assertThat(engine.policyVersion()).isEqualTo(1);
    }
  }

  @Test
  void reloadingReturnsToTheBaseModelAndItsVersion() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 7, LLAMA, 0.05);
    List<Integer> golden = Fixture.golden(LLAMA).getFirst().greedy();
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      assertThat(Fixture.update(engine, checkpoint, OptionalLong.empty()).policyVersion())
          .isEqualTo(7);
      assertThat(Fixture.continuation(engine, PROMPT, 24)).isNotEqualTo(golden);

      assertThat(
              engine
                  .update(new WeightOperation.Reload(UpdateMode.KEEP), Fixture.DEADLINE)
                  .policyVersion())
          .isZero();

      assertThat(engine.policyVersion()).isZero();
      assertThat(Fixture.continuation(engine, PROMPT, 24)).isEqualTo(golden);
    }
    try (EmbeddedEngine engine = Fixture.engine(checkpoint)) {
      assertThat(engine.policyVersion()).as("a base model that is a checkpoint").isEqualTo(7);
      assertThat(
              engine
                  .update(new WeightOperation.Reload(UpdateMode.KEEP), Fixture.DEADLINE)
                  .policyVersion())
          .isEqualTo(7);
    }
  }

  @Test
  void theDirectoryOfTheServedWeightsMayBeDeleted() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 2, LLAMA, 0.05);
    List<Integer> tokens = Fixture.continuationOn(checkpoint, PROMPT, 24);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Fixture.update(engine, checkpoint, OptionalLong.of(2));

      Fixture.delete(checkpoint);

      assertThat(Fixture.continuation(engine, PROMPT, 24)).isEqualTo(tokens);
      assertRefused(engine, checkpoint, "no such directory");
      assertThat(Fixture.continuation(engine, PROMPT, 24)).isEqualTo(tokens);
    }
  }

  @Test
  void updatesFromManyThreadsExcludeEachOtherAndTheNewestServesAtTheEnd() throws Exception {
    List<Path> checkpoints = new ArrayList<>();
    for (long step = 1; step <= 4; step++) {
      checkpoints.add(Fixture.perturbed(dir, step, LLAMA, 0.05));
    }
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Collected> started = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        started.add(Collected.of(engine, greedy(PROMPT, 200)));
      }
      List<CompletableFuture<WeightUpdate>> updates =
          checkpoints.stream()
              .map(
                  path ->
                      CompletableFuture.supplyAsync(
                          () -> Fixture.update(engine, path, OptionalLong.empty()),
                          task -> Thread.ofPlatform().name("updater").start(task)))
              .toList();
      for (int i = 0; i < updates.size(); i++) {
        try {
          assertThat(updates.get(i).get(60, TimeUnit.SECONDS).policyVersion()).isEqualTo(i + 1);
        } catch (ExecutionException overtaken) {
          assertThat(overtaken.getCause()).hasMessageContaining("older than the serving version");
          assertThat(i).as("the newest is never overtaken").isLessThan(3);
        }
      }

      assertThat(engine.policyVersion()).isEqualTo(4);
      assertThat(Fixture.continuation(engine, PROMPT, 24))
          .isEqualTo(Fixture.continuationOn(checkpoints.get(3), PROMPT, 24));
      for (Collected one : started) {
        assertThat(one.all()).hasSize(200);
        assertThat(one.versions()).isSorted();
      }
    }
  }

  @Test
  void anUpdateOfAClosedEngineFailsLongBeforeItsDeadline() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    EmbeddedEngine engine = Fixture.engine(LLAMA);
    engine.close();

    CompletableFuture<WeightUpdate> update =
        CompletableFuture.supplyAsync(
            () ->
                engine.update(
                    Fixture.updateTo(checkpoint, OptionalLong.of(1), UpdateMode.KEEP),
                    Duration.ofHours(1)),
            task -> Thread.ofPlatform().name("updater").daemon().start(task));

    assertThat(update)
        .failsWithin(Duration.ofSeconds(60))
        .withThrowableThat()
        .havingCause()
        .isInstanceOfSatisfying(
            EngineException.class, e -> assertThat(e.kind()).isEqualTo(Kind.OVERLOADED))
        .withMessage("the engine is shutting down");
  }

  @Test
  void finiteWeightsThatOverflowEndCompletionsWithAnErrorAndAffectNoLaterOnes() throws Exception {
    Path overflowing = Fixture.elementwise(dir, 1, LLAMA, x -> x * 1e18);
    List<Golden> golden = Fixture.golden(LLAMA);
    int[] spoiling = new int[60];
    Arrays.fill(spoiling, 7);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Fixture.update(engine, overflowing, OptionalLong.of(1));
      for (int i = 0; i < 4; i++) {
        Collected spoiled = Collected.of(engine, greedy(spoiling, 10));
        assertThat(spoiled.finish()).isEqualTo(FinishReason.ERROR);
        assertThat(spoiled.events().getFirst().token()).isEqualTo(-1);
        assertThat(spoiled.tokens()).isEmpty();
      }
      List<Collected> together = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        together.add(Collected.of(engine, greedy(spoiling, 10)));
      }
      for (Collected one : together) {
        assertThat(one.finish()).isEqualTo(FinishReason.ERROR);
      }
      engine.update(new WeightOperation.Reload(UpdateMode.KEEP), Fixture.DEADLINE);

      List<Collected> after = new ArrayList<>();
      for (Golden one : golden) {
        after.add(Collected.of(engine, greedy(one.prompt(), 24)));
      }
      for (int i = 0; i < after.size(); i++) {
        assertThat(after.get(i).all()).isEqualTo(golden.get(i).greedy());
      }
    }
  }

  private static void assertRefused(Engine engine, Path checkpoint, String... parts) {
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> Fixture.update(engine, checkpoint, OptionalLong.of(5)))
        .satisfies(
            e -> {
              assertThat(e.kind()).isEqualTo(Kind.CONFLICT);
              assertThat(e.getMessage()).contains(parts).doesNotContain("\n");
            });
  }

  /** A whole checkpoint to damage. */
  private Path copy(String name) {
    return Fixture.perturbed(dir.resolve(name), 2, LLAMA, 0.02);
  }
}
