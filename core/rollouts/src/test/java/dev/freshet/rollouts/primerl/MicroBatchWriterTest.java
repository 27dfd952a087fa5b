package dev.freshet.rollouts.primerl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the bytes of msgspec, with which prime-rl writes and reads. */
class MicroBatchWriterTest {
  private static final RankPacking TWO_RANKS = new RankPacking(2, 8, 4);

  @Test
  void theBytesAreThoseOfMsgspec() throws IOException {
    List<byte[]> ranks =
        MicroBatchWriter.encode(
            Rollouts.batch(Rollouts.SHORT, Rollouts.LONG, Rollouts.MIDDLE), TWO_RANKS);

    assertThat(ranks).containsExactly(golden("rank_0.bin"), golden("rank_1.bin"));
  }

  @Test
  void aRankWithoutARolloutOfItsOwnComputesAnothersWithoutTrainingOnIt() throws IOException {
    List<byte[]> ranks = MicroBatchWriter.encode(Rollouts.batch(Rollouts.LONG), TWO_RANKS);

    assertThat(ranks).containsExactly(golden("alone_0.bin"), golden("alone_1.bin"));
  }

  @Test
  void everyRankHasAFileOfItsOwnAndNoTemporaryOneIsLeft(@TempDir Path dir) throws IOException {
    List<byte[]> ranks = MicroBatchWriter.encode(Rollouts.batch(Rollouts.LONG), TWO_RANKS);
    try (RankFiles files = new RankFiles(dir.resolve("rollouts"))) {
      files.send(3, ranks, () -> false);
      files.send(3, ranks, () -> false); // As after a resume.
    }

    Path step = dir.resolve("rollouts/step_3");
    assertThat(Files.readAllBytes(step.resolve("rank_0.bin"))).isEqualTo(ranks.get(0));
    assertThat(Files.readAllBytes(step.resolve("rank_1.bin"))).isEqualTo(ranks.get(1));
    assertThat(step).isDirectoryNotContaining("glob:**.tmp");
  }

  private static byte[] golden(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(MicroBatchWriterTest.class.getResourceAsStream(name), name)) {
      return in.readAllBytes();
    }
  }
}
