package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint's mappings and open files as the kernel reports them. */
@EnabledOnOs(OS.LINUX)
class LinuxMappingTest {
  private static final int BYTES = 16 << 20;

  @TempDir Path run;

  private Path dir;

  @BeforeEach
  void publish() throws IOException {
    dir =
        new CheckpointStore(run.toRealPath())
            .publish(
                1,
                0,
                List.of(
                    RawFiles.tensor("a", DType.U8, new byte[BYTES], BYTES),
                    RawFiles.tensor("b", DType.U8, new byte[BYTES], BYTES)),
                Map.of());
  }

  @Test
  void populateMakesTheMappingResidentAndDropPagesUndoesIt() throws IOException {
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      assertThat(residentBytes()).isLessThan(BYTES / 4);

      checkpoint.populate();
      assertThat(residentBytes()).isGreaterThan(2L * BYTES * 9 / 10);

      checkpoint.dropPages();
      assertThat(residentBytes()).isLessThan(BYTES / 4);

      checkpoint.verifyContents();
      assertThat(residentBytes()).isGreaterThan(2L * BYTES * 9 / 10);
    }
  }

  @Test
  void dropPagesOfSmallTensorsLeavesOnlyThePagesAtTheirEnds() throws IOException {
    int bytes = 48 << 10;
    List<TensorView> tensors =
        IntStream.range(0, 64)
            .mapToObj(i -> RawFiles.tensor("t" + i, DType.U8, new byte[bytes], bytes))
            .toList();
    dir = new CheckpointStore(run.toRealPath().resolve("small")).publish(1, 0, tensors, Map.of());
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      checkpoint.populate();

      checkpoint.dropPages(checkpoint.tensors().values());

      assertThat(residentBytes()).isLessThanOrEqualTo((tensors.size() + 2) * pageBytes());
    }
  }

  @Test
  void aClosedOrRefusedCheckpointHoldsNoFileOpen() throws IOException {
    CheckpointStore.openVerified(dir).close();
    assertThat(openFiles()).isEmpty();

    Files.delete(dir.resolve("manifest.json"));
    assertThatThrownBy(() -> CheckpointStore.openPublished(dir))
        .isInstanceOf(CheckpointException.class);
    Files.writeString(dir.resolve("model.safetensors"), "no such header");
    assertThatThrownBy(() -> Checkpoint.open(dir)).isInstanceOf(CheckpointException.class);

    assertThat(openFiles()).isEmpty();
    assertThat(residentBytes()).isZero();
  }

  /** The resident bytes of all mappings of files in the directory. */
  private long residentBytes() throws IOException {
    long kilobytes = 0;
    Iterator<String> lines = Files.readAllLines(Path.of("/proc/self/smaps")).iterator();
    boolean ours = false;
    while (lines.hasNext()) {
      String line = lines.next();
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        ours = line.contains(dir.toString());
      } else if (ours && line.startsWith("Rss:")) {
        kilobytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return kilobytes << 10;
  }

  private static long pageBytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/smaps")).stream()
        .filter(line -> line.startsWith("KernelPageSize:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
        .findFirst()
        .orElseThrow();
  }

  private List<String> openFiles() throws IOException {
    try (Stream<Path> handles = Files.list(Path.of("/proc/self/fd"))) {
      return handles
          .map(LinuxMappingTest::target)
          .filter(target -> target.startsWith(dir.toString()))
          .toList();
    }
  }

  /** The file behind a handle; empty if the handle was closed since it was listed. */
  private static String target(Path handle) {
    try {
      return Files.readSymbolicLink(handle).toString();
    } catch (IOException e) {
      return "";
    }
  }
}
