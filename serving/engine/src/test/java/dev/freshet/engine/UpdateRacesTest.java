package dev.freshet.engine;

import static dev.freshet.engine.Fixture.DEADLINE;
import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.VerifyLevel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Weight operations of every kind from several threads on a real engine that decodes meanwhile,
 * while checkpoints are published, truncated, corrupted and deleted.
 */
@Timeout(240)
class UpdateRacesTest {
  private static final int[] PROMPT = {320, 363, 364};
  private static final int TOKENS = 40;
  private static final int VERSIONS = 4;
  private static final int OPERATIONS = 60;

  private static final List<PauseMode> PAUSES = List.of(PauseMode.values());

  @TempDir Path dir;

  /** The continuation of the prompt by an engine that was started on a version. */
  private final Map<Long, List<Integer>> expected = new HashMap<>();

  private final AtomicLong copies = new AtomicLong();
  private final List<CompletableFuture<Void>> deletions = new CopyOnWriteArrayList<>();

  /**
   * Without recomputation a completion whose tokens are all of one version has never seen another:
   * it is what an engine makes that loaded that version from the start.
   */
  @Test
  void concurrentOperationsLoseNoTokenAndEveryTokenIsOfItsStampedVersion() throws Exception {
    race(List.of(UpdateMode.KEEP, UpdateMode.DRAIN, UpdateMode.ABORT), false);
  }

  @Test
  void concurrentOperationsWithRecomputationLoseNoToken() throws Exception {
    race(List.of(UpdateMode.values()), true);
  }

  private void race(List<UpdateMode> modes, boolean recomputing) throws Exception {
    expected.put(0L, Fixture.continuationOn(LLAMA, PROMPT, TOKENS));
    for (long version = 1; version <= VERSIONS; version++) {
      expected.put(
          version,
          Fixture.continuationOn(Fixture.perturbed(dir, version, LLAMA, 0.05), PROMPT, TOKENS));
    }
    try (EmbeddedEngine engine = Fixture.engine(LLAMA, 4, 1024)) {
      AtomicBoolean over = new AtomicBoolean();
      CompletableFuture<List<Collected>> load = run(() -> load(engine, over));
      List<CompletableFuture<Integer>> operators = new ArrayList<>();
      for (int operator = 0; operator < 3; operator++) {
        SplittableRandom random = new SplittableRandom(operator);
        operators.add(run(() -> operate(engine, modes, recomputing, random)));
      }
      int succeeded = 0;
      for (CompletableFuture<Integer> operator : operators) {
        succeeded += operator.get(200, TimeUnit.SECONDS);
      }
      engine.resume().get(60, TimeUnit.SECONDS);
      over.set(true);
      for (CompletableFuture<Void> deletion : deletions) {
        deletion.get(60, TimeUnit.SECONDS);
      }

      int ofOneVersion = 0;
      int crossing = 0;
      for (Collected one : load.get(60, TimeUnit.SECONDS)) {
        if (one.finish() == FinishReason.ABORT) {
          assertThat(one.tokens()).hasSizeLessThan(TOKENS);
        } else {
          assertThat(one.all()).hasSize(TOKENS);
        }
        List<Long> versions =
            one.events().stream()
                .filter(event -> event.token() >= 0)
                .map(TokenEvent::policyVersion)
                .distinct()
                .toList();
        if (versions.size() == 1) {
          ofOneVersion++;
          assertThat(recomputing || begins(expected.get(versions.getFirst()), one.tokens()))
              .as("version %s from the start: %s", versions, one.tokens())
              .isTrue();
        } else if (versions.size() > 1) {
          crossing++;
        }
      }
      assertThat(succeeded).isGreaterThan(OPERATIONS / 4);
      assertThat(ofOneVersion).isGreaterThan(20);
      assertThat(crossing).isPositive();
      Fixture.eventually(() -> engine.running() == 0);
      Fixture.update(engine, dir.resolve("step_" + VERSIONS), OptionalLong.empty());
      assertThat(Collected.of(engine, greedy(PROMPT, TOKENS)).all())
          .as("the next good update works")
          .isEqualTo(expected.get((long) VERSIONS));
    }
  }

  private static boolean begins(@Nullable List<Integer> all, List<Integer> some) {
    return all != null && all.subList(0, some.size()).equals(some);
  }

  /** Keeps a few completions running until {@code over}. */
  private static List<Collected> load(Engine engine, AtomicBoolean over)
      throws InterruptedException {
    List<Collected> started = new ArrayList<>();
    while (!over.get()) {
      if (engine.waiting() < 2) {
        started.add(Collected.of(engine, greedy(PROMPT, TOKENS)));
      } else {
        Thread.sleep(1);
      }
    }
    return started;
  }

  /** Requests random operations; returns how many succeeded. */
  private int operate(
      Engine engine, List<UpdateMode> modes, boolean recomputing, SplittableRandom random)
      throws Exception {
    int succeeded = 0;
    for (int i = 0; i < OPERATIONS; i++) {
      try {
        switch (random.nextInt(6)) {
          case 0 ->
              engine.update(
                  new WeightOperation.Update(prepare(random), any(random, modes)), DEADLINE);
          case 1 -> engine.update(prepare(random), DEADLINE);
          case 2 ->
              engine.update(
                  new WeightOperation.Commit(
                      Optional.empty(), OptionalLong.empty(), any(random, modes), true),
                  DEADLINE);
          case 3 ->
              engine.update(
                  new WeightOperation.Rollback(OptionalLong.empty(), any(random, modes)), DEADLINE);
          case 4 -> {
            engine
                .pause(any(random, PAUSES), recomputing && random.nextBoolean())
                .get(60, TimeUnit.SECONDS);
            engine.resume().get(60, TimeUnit.SECONDS);
          }
          default -> engine.update(new WeightOperation.Reload(any(random, modes)), DEADLINE);
        }
        succeeded++;
      } catch (EngineException e) {
        assertThat(e.kind()).as(e.getMessage()).isEqualTo(EngineException.Kind.CONFLICT);
      } catch (ExecutionException overtaken) {
        assertThat(overtaken.getCause())
            .isInstanceOfSatisfying(
                EngineException.class,
                e -> assertThat(e.kind()).isEqualTo(EngineException.Kind.CONFLICT));
      }
    }
    return succeeded;
  }

  private static <T> T any(SplittableRandom random, List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /** Some version, sound in half of the cases, in a directory that is gone soon after. */
  private WeightOperation.Prepare prepare(SplittableRandom random) throws IOException {
    long version = random.nextLong(1, VERSIONS + 1L);
    Path from = dir.resolve("step_" + version);
    Path copy = dir.resolve("copy_" + copies.incrementAndGet());
    Files.createDirectory(copy);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    Path weights = copy.resolve("model.safetensors");
    switch (random.nextInt(6)) {
      case 0 -> Fixture.truncate(weights, 1 + random.nextInt(1 << 12));
      case 1 -> Files.write(weights, new byte[] {1}, StandardOpenOption.WRITE);
      case 2 -> Files.delete(copy.resolve("STABLE"));
      default -> {}
    }
    if (random.nextInt(3) == 0) {
      deletions.add(
          CompletableFuture.runAsync(
              () -> Fixture.delete(copy),
              CompletableFuture.delayedExecutor(2, TimeUnit.MILLISECONDS)));
    }
    return new WeightOperation.Prepare(copy, OptionalLong.empty(), VerifyLevel.FULL, true);
  }

  private interface Work<T> {
    T run() throws Exception;
  }

  private static <T> CompletableFuture<T> run(Work<T> work) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("races")
        .daemon()
        .start(
            () -> {
              try {
                outcome.complete(work.run());
              } catch (Throwable e) {
                outcome.completeExceptionally(e);
              }
            });
    return outcome;
  }
}
