package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A published checkpoint while it is open. */
class PublishedCheckpointTest {
  private static final int FLOATS = 3 << 20;

  @TempDir Path run;

  private CheckpointStore store;
  private Path dir;
  private Path file;

  @BeforeEach
  void publish() {
    store = new CheckpointStore(run.resolve("weights"));
    float[] values = new float[FLOATS];
    Arrays.fill(values, 1.5f);
    byte[] data = RawFiles.floats(values);
    dir =
        store.publish(
            5,
            4,
            List.of(
                RawFiles.tensor("a", DType.F32, data, FLOATS),
                RawFiles.tensor("b", DType.F32, data, FLOATS)),
            Map.of());
    file = dir.resolve("model.safetensors");
  }

  @Test
  void openingReadsNoTensorAndTheContentsAreVerifiedLater() throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(bytes.length() - 1);
      bytes.write(0);
    }

    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      checkpoint.populate();
      assertThatThrownBy(checkpoint::verifyContents)
          .isInstanceOf(CheckpointException.class)
          .hasMessageStartingWith(dir + ": tensor 'b': CRC32C ")
          .hasMessageEndingWith("as in the manifest: the data is corrupt");
    }
  }

  @Test
  void aPublishedCheckpointHasItsManifestAndAPlainDirectoryNone() {
    try (Checkpoint published = CheckpointStore.openPublished(dir);
        Checkpoint plain = Checkpoint.open(dir)) {
      assertThat(published.manifest())
          .hasValueSatisfying(
              manifest -> {
                assertThat(manifest.step()).isEqualTo(5);
                assertThat(manifest.tensors().keySet()).containsExactlyInAnyOrder("a", "b");
              });
      assertThat(plain.manifest()).isEmpty();
      assertThatCode(plain::verifyContents).doesNotThrowAnyException();
    }
  }

  @Test
  void publishedWeightsWithANumberThatIsNotFiniteAreRefused() {
    TensorView broken =
        RawFiles.tensor("broken", DType.F32, RawFiles.floats(1, Float.POSITIVE_INFINITY), 2);
    Path infinite = store.publish(6, 5, List.of(broken), Map.of());

    assertThatThrownBy(() -> CheckpointStore.verify(infinite))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "%s: tensor 'broken': element 1 is NaN or infinite, expected finite weights", infinite);
  }

  @Test
  void aShortenedFileIsNamedWithItsSizeAndTheExpectedOne() throws IOException {
    long whole = Files.size(file);
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      assertThatCode(checkpoint::requireIntact).doesNotThrowAnyException();
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(1 << 20);
      }

      String expected =
          "%s: 1048576 bytes, expected the %d that are mapped: the file was shortened in place"
              .formatted(file, whole);
      assertThatThrownBy(checkpoint::requireIntact)
          .isInstanceOf(CheckpointException.class)
          .hasMessage(expected);
      assertThatThrownBy(checkpoint::populate)
          .isInstanceOf(CheckpointException.class)
          .hasMessage(expected);
      assertThatThrownBy(checkpoint::verifyContents)
          .isInstanceOf(CheckpointException.class)
          .hasMessage(expected);
    }
  }

  @Test
  void anOpenCheckpointStaysIntactWhenItsDirectoryIsReplacedOrDeleted() throws IOException {
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      Path beside = Files.write(run.resolve("other"), new byte[10]);
      Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING);
      assertThatCode(checkpoint::requireIntact).doesNotThrowAnyException();

      Files.move(dir, run.resolve("renamed"));
      assertThatCode(checkpoint::requireIntact).doesNotThrowAnyException();

      DurableFiles.deleteTree(run.resolve("renamed"));
      assertThatCode(checkpoint::requireIntact).doesNotThrowAnyException();
      assertThatCode(checkpoint::populate).doesNotThrowAnyException();
      assertThatCode(checkpoint::verifyContents).doesNotThrowAnyException();
    }
  }

  @Test
  void theInterruptOfOneThreadDoesNotAffectOthers() throws InterruptedException {
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      Thread interrupted =
          new Thread(
              () -> {
                Thread.currentThread().interrupt();
                checkpoint.requireIntact();
              });
      interrupted.start();
      interrupted.join();

      assertThatCode(checkpoint::requireIntact).doesNotThrowAnyException();
    }
  }

  @Test
  void tensorsAreReadableAfterTheirPagesWereDropped() {
    try (Checkpoint checkpoint = CheckpointStore.openVerified(dir)) {
      checkpoint.dropPages();

      for (TensorView tensor : checkpoint.tensors().values()) {
        assertThat(tensor.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (FLOATS - 1)))
            .isEqualTo(1.5f);
      }
      assertThatCode(checkpoint::verifyContents).doesNotThrowAnyException();
    }
  }

  @Test
  void aDeletedStepIsReadableAfterItsPagesWereDropped() {
    store.publish(6, 5, List.of(RawFiles.tensor("a", DType.F32, RawFiles.floats(1), 1)), Map.of());
    try (Checkpoint checkpoint = CheckpointStore.openVerified(dir)) {
      store.retain(1, Set.of());
      checkpoint.dropPages();

      assertThat(dir).doesNotExist();
      assertThatCode(checkpoint::verifyContents).doesNotThrowAnyException();
    }
  }

  @Test
  void warmUpEndsOnceItsTimeHasPassed() {
    AtomicLong readings = new AtomicLong();

    WarmUp.run(() -> WarmUp.LIMIT_NANOS * readings.getAndIncrement());

    assertThat(readings).hasValue(2);
  }

  @Test
  void warmUpEndsOnceItHasReadEnough() {
    assertThatCode(() -> WarmUp.run(() -> 0)).doesNotThrowAnyException();
  }
}
