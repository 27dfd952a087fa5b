package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Publishing to a file system of one mebibyte, which only root can mount. */
class FullDiskTest {
  @TempDir Path mount;

  private boolean mounted;

  @BeforeEach
  void mountSmallDisk() throws Exception {
    mounted =
        Files.isExecutable(Path.of("/bin/mount"))
            && run("/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount.toString());
    assumeTrue(mounted, "cannot mount a small file system here");
  }

  @AfterEach
  void unmount() throws Exception {
    assertThat(!mounted || run("/bin/umount", mount.toString())).isTrue();
  }

  @Test
  void aFullDiskIsNamedAndLeavesNothingOfTheStep() throws IOException {
    CheckpointStore store = new CheckpointStore(mount.resolve("weights"));
    store.publish(1, 0, tensor(256 << 10), Map.of());

    assertThatThrownBy(() -> store.publish(2, 1, tensor(1 << 20), Map.of()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(
            "%s: cannot be published: No space left on device; disk %s (tmpfs) has ",
            store.path(2), mount)
        .hasMessageEndingWith(
            "of 1,048,576 bytes free, expected room for 1,048,576 bytes of weights")
        .hasMessageNotContaining("\n");

    assertThat(store.steps()).containsExactly(1L);
    CheckpointStore.verify(store.path(1));
    try (Stream<Path> children = Files.list(mount.resolve("weights"))) {
      assertThat(children.map(p -> String.valueOf(p.getFileName())))
          .containsExactlyInAnyOrder(".publish.lock", "step_1");
    }
    store.publish(2, 1, tensor(256 << 10), Map.of());
    CheckpointStore.verify(store.path(2));
  }

  @Test
  void aDiskThatIsFullAtTheLastFileLeavesNothing() throws IOException {
    CheckpointStore store = new CheckpointStore(mount.resolve("weights"));
    Map<String, byte[]> sideFile = Map.of("tokenizer.json", new byte[600 << 10]);

    assertThatThrownBy(() -> store.publish(1, 0, tensor(600 << 10), sideFile))
        .hasMessageContaining("No space left on device");

    try (Stream<Path> children = Files.list(mount.resolve("weights"))) {
      assertThat(children.map(p -> String.valueOf(p.getFileName())))
          .containsExactly(".publish.lock");
    }
  }

  private static List<TensorView> tensor(int bytes) {
    return List.of(RawFiles.tensor("t", DType.U8, new byte[bytes], bytes));
  }

  private static boolean run(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
  }
}
