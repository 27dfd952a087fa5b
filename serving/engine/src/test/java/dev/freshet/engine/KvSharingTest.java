package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.greedy;
import static dev.freshet.engine.Fixture.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.model.ConfigJson;
import dev.freshet.wire.LogitRules;
import dev.freshet.wire.LogprobsMode;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** KV blocks of a real engine: shared by completions, lost to others, and rebuilt. */
@Timeout(120)
class KvSharingTest {
  private static final String COMPUTED = "freshet_prompt_tokens_total";
  private static final String PREEMPTED = "freshet_preemptions_total";

  @TempDir Path dir;

  private final MetricsRegistry registry = new MetricsRegistry();

  /** The models with a context of at least 256 tokens. */
  static List<String> fixtures() throws IOException {
    try (Stream<Path> directories = Files.list(LLAMA.resolveSibling(""))) {
      return directories
          .filter(directory -> ConfigJson.read(directory).maxContext() >= 256)
          .map(directory -> directory.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  /** With its own salt, a completion shares nothing. */
  private static GenerationRequest salted(GenerationRequest request, String salt) {
    return new GenerationRequest(
        request.prompt(),
        request.maxTokens(),
        request.temperature(),
        request.topP(),
        request.topK(),
        request.minP(),
        request.seed(),
        request.stopTokens(),
        LogitRules.NONE,
        Optional.empty(),
        request.topLogprobs(),
        OptionalInt.empty(),
        LogprobsMode.RAW_LOGPROBS,
        request.priority(),
        Optional.of(salt),
        request.adapter());
  }

  /** The completions of the requests one after the other, none of which shares a block. */
  private static List<Collected> alone(Path model, List<GenerationRequest> requests)
      throws InterruptedException {
    List<Collected> all = new ArrayList<>();
    try (EmbeddedEngine engine = Fixture.inParts(model, 1, 256)) {
      for (int i = 0; i < requests.size(); i++) {
        Collected one = Collected.of(engine, salted(requests.get(i), "alone" + i));
        one.finish();
        all.add(one);
      }
    }
    return all;
  }

  private static void requireSame(List<Collected> actual, List<Collected> expected)
      throws InterruptedException {
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i).all()).as("completion %d", i).isEqualTo(expected.get(i).all());
      for (int token = 0; token < expected.get(i).events().size(); token++) {
        assertThat(actual.get(i).events().get(token).logprob())
            .isCloseTo(expected.get(i).events().get(token).logprob(), within(1e-4f));
      }
    }
  }

  private static List<Collected> start(Engine engine, List<GenerationRequest> requests) {
    return requests.stream().map(request -> Collected.of(engine, request)).toList();
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void sixteenOfOnePromptComputeItAboutOnceAndGiveWhatTheyGiveAlone(String name) throws Exception {
    Path model = LLAMA.resolveSibling(name);
    // Token ids that every fixture has.
    int[] prompt = IntStream.of(Fixture.prompt(200, 1)).map(token -> token % 90).toArray();
    List<GenerationRequest> requests =
        IntStream.range(0, 16)
            .mapToObj(i -> i % 2 == 0 ? greedy(prompt, 20) : Fixture.seeded(prompt, 20, i))
            .toList();
    List<Collected> alone = alone(model, requests);
    try (EmbeddedEngine engine = Fixture.withCache(model, 16, 0, registry)) {
      List<Collected> together = start(engine, requests);

      requireSame(together, alone);
      // Twice at most: a second one may begin before the first has a block to share.
      assertThat(value(registry, COMPUTED)).isBetween(200.0, 2 * 200.0 + 20 * 16);
      assertThat(value(registry, "freshet_prefix_hit_tokens_total"))
          .isEqualTo(16 * 200 - value(registry, COMPUTED));
      assertThat(value(registry, PREEMPTED)).isZero();

      double before = value(registry, COMPUTED);
      requireSame(start(engine, requests.subList(0, 2)), alone.subList(0, 2));
      assertThat(value(registry, COMPUTED) - before).as("later requests").isLessThan(2 * 16);
    }
  }

  @Test
  void promptsThatShareBeginningsOfEveryLengthGiveWhatTheyGiveAlone() throws Exception {
    int[] prompt = Fixture.prompt(230, 1);
    List<GenerationRequest> requests = new ArrayList<>();
    for (int length = 1; length < 230; length += 7) {
      int[] one = Fixture.prompt(230, length);
      System.arraycopy(prompt, 0, one, 0, length);
      requests.add(greedy(one, 10));
    }
    List<Collected> alone = alone(LLAMA, requests);
    try (EmbeddedEngine engine = Fixture.withCache(LLAMA, 5, 0, registry)) {
      requireSame(start(engine, requests), alone);
      double needed = 230.0 * requests.size();
      assertThat(value(registry, COMPUTED)).isBetween(needed / 3, needed * 2 / 3);
    }
  }

  @Test
  void saltsAndVersionsShareNothing() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    GenerationRequest request = greedy(Fixture.prompt(100, 1), 20);
    try (EmbeddedEngine engine = Fixture.withCache(LLAMA, 4, 0, registry)) {
      for (GenerationRequest one : List.of(request, salted(request, "a"), salted(request, "b"))) {
        double before = value(registry, COMPUTED);
        Collected.of(engine, one).finish();
        assertThat(value(registry, COMPUTED) - before).isEqualTo(100);
        Collected.of(engine, one).finish();
        assertThat(value(registry, COMPUTED) - before).isBetween(101.0, 116.0);
      }
      double before = value(registry, COMPUTED);
      Fixture.update(engine, checkpoint, OptionalLong.of(1));
      List<Collected> fresh = alone(checkpoint, List.of(request));
      requireSame(start(engine, List.of(request)), fresh);
      assertThat(value(registry, COMPUTED) - before).isEqualTo(100);

      engine.pause(PauseMode.ABORT, true).get(60, TimeUnit.SECONDS);
      engine.resume().get(60, TimeUnit.SECONDS);
      requireSame(start(engine, List.of(request)), fresh);
      assertThat(value(registry, COMPUTED) - before).as("a cleared cache").isEqualTo(200);
    }
  }

  /** Sixteen completions of 250 tokens in a cache of 2,048 tokens. */
  private static List<GenerationRequest> crowd() {
    return IntStream.range(0, 16)
        .mapToObj(i -> Fixture.seeded(Fixture.prompt(100, i), 150, i))
        .toList();
  }

  @Test
  void preemptedCompletionsGiveWhatTheyGiveAlone() throws Exception {
    List<Collected> alone = alone(LLAMA, crowd());
    try (EmbeddedEngine engine = Fixture.withCache(LLAMA, 16, 1, registry)) {
      requireSame(start(engine, crowd()), alone);

      assertThat(value(registry, PREEMPTED)).isPositive();
      assertThat(value(registry, "freshet_rebuilt_tokens_total")).isPositive();
      Fixture.eventually(() -> value(registry, "freshet_kv_blocks_used") == 0);
    }
  }

  @ParameterizedTest
  @EnumSource(UpdateMode.class)
  void anUpdateBesidePreemptedCompletionsKeepsTheMeaningOfItsMode(UpdateMode mode)
      throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.withCache(LLAMA, 16, 1, registry)) {
      List<Collected> all = start(engine, crowd());
      Fixture.eventually(() -> value(registry, PREEMPTED) >= 1);
      engine.update(Fixture.updateTo(checkpoint, OptionalLong.of(1), mode), Fixture.DEADLINE);

      int crossing = 0;
      for (Collected one : all) {
        FinishReason end = one.finish();
        List<Long> versions = one.versions();
        boolean started = !versions.isEmpty() && versions.getFirst() == 0;
        crossing += started && versions.getLast() == 1 ? 1 : 0;
        assertThat(versions).isSorted();
        switch (mode) {
          case KEEP, RECOMPUTE -> assertThat(one.tokens()).hasSize(150);
          case DRAIN -> {
            assertThat(one.tokens()).hasSize(150);
            assertThat(versions.stream().distinct()).hasSize(1);
          }
          case ABORT ->
              assertThat(end)
                  .isEqualTo(versions.contains(1L) ? FinishReason.LENGTH : FinishReason.ABORT);
        }
      }
      assertThat(crossing > 0).isEqualTo(mode == UpdateMode.KEEP || mode == UpdateMode.RECOMPUTE);
      GenerationRequest last = greedy(Fixture.prompt(100, 1), 20);
      requireSame(start(engine, List.of(last)), alone(checkpoint, List.of(last)));
    }
  }

  @Test
  void anAbortEndsCompletionsInEveryStateAndFreesTheirBlocks() throws Exception {
    try (EmbeddedEngine engine = Fixture.withCache(LLAMA, 12, 1, registry)) {
      for (int round = 0; round < 3; round++) {
        double before = value(registry, PREEMPTED);
        List<Collected> all = new ArrayList<>(start(engine, crowd()));
        Fixture.eventually(() -> value(registry, PREEMPTED) > before);
        all.addAll(start(engine, crowd()));
        all.get(3).cancel();
        all.get(20).cancel();
        engine.pause(PauseMode.ABORT, false).get(60, TimeUnit.SECONDS);
        all.remove(20);
        all.remove(3);
        for (Collected one : all) {
          assertThat(one.finish()).isIn(FinishReason.ABORT, FinishReason.LENGTH);
        }
        engine.resume().get(60, TimeUnit.SECONDS);
        Fixture.eventually(() -> engine.running() + engine.waiting() == 0);
        Fixture.eventually(() -> value(registry, "freshet_kv_blocks_used") == 0);
      }
      List<GenerationRequest> last = crowd().subList(0, 2);
      requireSame(start(engine, last), alone(LLAMA, last));
      assertThat(engine.failure()).isNotDone();
    }
  }

  @Test
  void anEngineWhoseCacheIsTooSmallForOneCompletionDoesNotStart() {
    EngineConfig config = config(2, 1);
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> KvCapacity.blocks(8192, config, 4096, 1L << 34))
        .withMessage(
            "the KV cache has 1 MiB (inference.kv_mb), but one completion of 4096 tokens needs 2"
                + " MiB: lower inference.max_model_len or set inference.kv_mb");
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> KvCapacity.blocks(8192, config(2, 0), 4096, 1 << 22))
        .withMessageContaining("has 1 MiB (a quarter of the machine's memory)");
  }

  @Test
  void theCacheIsWhatIsConfiguredOrWhatAllCompletionsNeedOrAQuarterOfTheMemory() {
    assertThat(KvCapacity.blocks(8192, config(2, 3), 2048, 1L << 34)).isEqualTo(3 * 128);
    assertThat(KvCapacity.blocks(8192, config(2, 0), 2048, 1L << 34)).isEqualTo(2 * 128);
    assertThat(KvCapacity.blocks(8192, config(100, 0), 2048, 1L << 24)).isEqualTo(4 * 128);
  }

  private static EngineConfig config(int maxSequences, int kvMb) {
    return new EngineConfig(
        "tiny",
        maxSequences,
        4096,
        16,
        64,
        kvMb,
        1,
        EngineConfig.Precision.AUTO,
        EngineConfig.HeadPrecision.AUTO,
        true,
        false,
        Fixture.ADAPTERS);
  }
}
