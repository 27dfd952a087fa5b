package dev.freshet.engine;

import static dev.freshet.engine.Fixture.DEADLINE;
import static dev.freshet.engine.Fixture.LLAMA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.engine.EngineException.Kind;
import dev.freshet.weights.TensorView;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.VerifyLevel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Prepare, commit and rollback on a real engine, and what goes wrong between them. */
@Timeout(120)
class TwoPhaseUpdateTest {
  private static final int[] PROMPT = {320, 363, 364};

  @TempDir Path dir;

  @Test
  void aPreparedVersionServesOnlyOnceItIsCommitted() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 3, LLAMA, 0.05);
    List<Integer> fresh = continuationOn(checkpoint);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Integer> old = continuation(engine);

      WeightUpdate prepared =
          engine.update(Fixture.prepare(checkpoint, OptionalLong.empty()), DEADLINE);

      assertThat(prepared.policyVersion()).isZero();
      assertThat(prepared.preparedVersion()).hasValue(3);
      assertThat(prepared.commit()).isEmpty();
      assertThat(continuation(engine)).isEqualTo(old);

      WeightUpdate committed = engine.update(commit(OptionalLong.of(3)), DEADLINE);

      assertThat(committed.policyVersion()).isEqualTo(3);
      assertThat(committed.preparedVersion()).isEmpty();
      assertThat(committed.prepare()).isEmpty();
      assertThat(continuation(engine)).isEqualTo(fresh);
    }
  }

  @Test
  void aRollbackReturnsToTheVersionBeforeEvenIfItsDirectoryIsDeleted() throws Exception {
    Path first = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    Path second = Fixture.perturbed(dir, 2, LLAMA, 0.05);
    List<Integer> before = continuationOn(first);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Fixture.update(engine, first, OptionalLong.empty());
      Fixture.update(engine, second, OptionalLong.empty());
      Fixture.delete(first);

      WeightUpdate back = engine.update(rollback(OptionalLong.of(2)), DEADLINE);

      assertThat(back.policyVersion()).isEqualTo(1);
      assertThat(engine.policyVersion()).isEqualTo(1);
      assertThat(continuation(engine)).isEqualTo(before);
      assertRefused(
          engine,
          rollback(OptionalLong.empty()),
          "cannot roll back step 1: no earlier version is kept");
      assertRefused(
          engine,
          rollback(OptionalLong.of(2)),
          "cannot roll back step 2: it is neither prepared nor serving (serving: ");
      Fixture.update(engine, second, OptionalLong.empty());
      assertThat(continuation(engine)).isEqualTo(continuationOn(second));
    }
  }

  @Test
  void aRollbackOfAPreparedVersionDropsIt() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      engine.update(Fixture.prepare(checkpoint, OptionalLong.empty()), DEADLINE);

      WeightUpdate dropped = engine.update(rollback(OptionalLong.of(1)), DEADLINE);

      assertThat(dropped.policyVersion()).isZero();
      assertThat(dropped.preparedVersion()).isEmpty();
      assertRefused(engine, commit(OptionalLong.of(1)), "cannot commit: nothing is prepared");
    }
  }

  @Test
  void aCommitOfAnotherVersionIsRefusedAndThePreparedOneStaysPrepared() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 2, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      assertRefused(
          engine,
          commit(OptionalLong.empty()),
          "cannot commit: nothing is prepared; send phase prepare first");
      engine.update(Fixture.prepare(checkpoint, OptionalLong.empty()), DEADLINE);
      assertRefused(engine, commit(OptionalLong.of(3)), "cannot commit step 3: step 2 is prepared");
      Path other = dir.resolve("step_9");
      assertRefused(
          engine,
          new WeightOperation.Commit(
              Optional.of(other), OptionalLong.empty(), UpdateMode.KEEP, false),
          "cannot commit %s: %s is prepared".formatted(other, checkpoint));

      assertThat(engine.update(commit(OptionalLong.empty()), DEADLINE).policyVersion())
          .isEqualTo(2);
    }
  }

  @Test
  void anOlderStepThanTheServingOneIsRefusedUnlessForced() throws Exception {
    Path first = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    Path second = Fixture.perturbed(dir, 2, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Fixture.update(engine, second, OptionalLong.empty());
      String older =
          "step 1 is older than the serving version 2: expected that version, a newer one, or force";
      assertRefused(engine, Fixture.updateTo(first, OptionalLong.empty(), UpdateMode.KEEP), older);
      assertRefused(engine, Fixture.prepare(first, OptionalLong.empty()), older);
      assertThat(Fixture.update(engine, second, OptionalLong.empty()).policyVersion())
          .as("the same step again")
          .isEqualTo(2);

      WeightOperation forced =
          new WeightOperation.Update(
              new WeightOperation.Prepare(first, OptionalLong.empty(), VerifyLevel.FULL, true),
              UpdateMode.KEEP);

      assertThat(engine.update(forced, DEADLINE).policyVersion()).isEqualTo(1);
      assertThat(continuation(engine)).isEqualTo(continuationOn(first));
    }
  }

  @Test
  void aDirectoryDeletedBetweenPrepareAndCommitIsStillServed() throws Exception {
    Path checkpoint = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    List<Integer> fresh = continuationOn(checkpoint);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      engine.update(Fixture.prepare(checkpoint, OptionalLong.empty()), DEADLINE);
      Fixture.delete(checkpoint);

      engine.update(commit(OptionalLong.of(1)), DEADLINE);

      assertThat(continuation(engine)).isEqualTo(fresh);
    }
  }

  @Test
  void aFileTruncatedBetweenPrepareAndCommitIsDetectedAndTheNextUpdateWorks() throws Exception {
    Path cut = Fixture.perturbed(dir.resolve("cut"), 1, LLAMA, 0.05);
    Path good = Fixture.perturbed(dir.resolve("good"), 1, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      List<Integer> old = continuation(engine);
      engine.update(Fixture.prepare(cut, OptionalLong.empty()), DEADLINE);
      Fixture.truncate(cut.resolve("model.safetensors"), 1);

      assertRefused(engine, commit(OptionalLong.of(1)), "model.safetensors");

      assertThat(engine.policyVersion()).isZero();
      assertThat(continuation(engine)).isEqualTo(old);
      assertRefused(engine, commit(OptionalLong.of(1)), "nothing is prepared");
      Fixture.update(engine, good, OptionalLong.empty());
      assertThat(continuation(engine)).isEqualTo(continuationOn(good));
    }
  }

  @Test
  void aFileTruncatedAfterItsVersionWasReplacedIsDetectedByTheRollback() throws Exception {
    Path first = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    Path second = Fixture.perturbed(dir, 2, LLAMA, 0.05);
    List<Integer> fresh = continuationOn(second);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      Fixture.update(engine, first, OptionalLong.empty());
      Fixture.update(engine, second, OptionalLong.empty());
      Fixture.truncate(first.resolve("model.safetensors"), 1);

      assertRefused(engine, rollback(OptionalLong.empty()), "model.safetensors");

      assertThat(continuation(engine)).isEqualTo(fresh);
    }
  }

  @Test
  void verifySizeChecksOnlySizes() throws Exception {
    Path flipped = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    Fixture.flipLastByte(flipped.resolve("model.safetensors"));
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      WeightOperation bySize =
          new WeightOperation.Update(
              new WeightOperation.Prepare(flipped, OptionalLong.empty(), VerifyLevel.SIZE, false),
              UpdateMode.KEEP);
      assertThat(engine.update(bySize, DEADLINE).policyVersion()).isEqualTo(1);
      truncateCopy(flipped.resolve("model.safetensors.copy"), flipped.resolve("model.safetensors"));
      assertRefused(engine, bySize, "model.safetensors");
      assertThat(engine.policyVersion()).isEqualTo(1);
    }
  }

  @Test
  void aSecondPrepareReplacesTheFirst() throws Exception {
    Path first = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    Path second = Fixture.perturbed(dir, 2, LLAMA, 0.05);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      engine.update(Fixture.prepare(first, OptionalLong.empty()), DEADLINE);
      assertThat(
              engine
                  .update(Fixture.prepare(second, OptionalLong.empty()), DEADLINE)
                  .preparedVersion())
          .hasValue(2);
      engine.update(commit(OptionalLong.empty()), DEADLINE);

      assertThat(continuation(engine)).isEqualTo(continuationOn(second));
    }
  }

  @Test
  void bfloat16WeightsAreUpdatedAndRolledBackBitForBit() throws Exception {
    Path base = Path.of("../../core/model/src/test/fixtures/tiny-llama-bf16");
    Path checkpoint =
        Fixture.publish(
            dir,
            1,
            base,
            (view, arena) -> {
              MemorySegment data = arena.allocate(view.data().byteSize(), 64);
              data.copyFrom(view.data());
              for (long i = 1; i < data.byteSize(); i += 6) {
                byte high = data.get(ValueLayout.JAVA_BYTE, i);
                data.set(ValueLayout.JAVA_BYTE, i, (byte) (high ^ 0x80));
              }
              return new TensorView(view.name(), view.dtype(), view.shape(), data);
            });
    try (EmbeddedEngine engine = Fixture.engine(base)) {
      List<Integer> old = continuation(engine);
      Fixture.update(engine, checkpoint, OptionalLong.empty());
      List<Integer> fresh = continuation(engine);
      engine.update(rollback(OptionalLong.empty()), DEADLINE);

      assertThat(fresh).isEqualTo(continuationOn(checkpoint)).isNotEqualTo(old);
      assertThat(continuation(engine)).isEqualTo(old);
    }
  }

  private static WeightOperation commit(OptionalLong step) {
    return new WeightOperation.Commit(Optional.empty(), step, UpdateMode.KEEP, false);
  }

  private static WeightOperation rollback(OptionalLong step) {
    return new WeightOperation.Rollback(step, UpdateMode.KEEP);
  }

  private static void assertRefused(Engine engine, WeightOperation operation, String message) {
    assertThatExceptionOfType(EngineException.class)
        .isThrownBy(() -> engine.update(operation, DEADLINE))
        .withMessageContaining(message)
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.CONFLICT));
  }

  private static List<Integer> continuation(Engine engine) throws InterruptedException {
    return Fixture.continuation(engine, PROMPT, 24);
  }

  private static List<Integer> continuationOn(Path model) throws InterruptedException {
    return Fixture.continuationOn(model, PROMPT, 24);
  }

  /** Replaces a file that may be mapped by a truncated copy. */
  private static void truncateCopy(Path copy, Path file) throws Exception {
    Files.copy(file, copy);
    Fixture.truncate(copy, 1);
    Files.move(copy, file, StandardCopyOption.REPLACE_EXISTING);
  }
}
