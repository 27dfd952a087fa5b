package dev.freshet.rollouts.primerl;

import dev.freshet.rollouts.BatchException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The batches of prime-rl's trainer as files: {@code step_N/rank_r.bin} for rank r. Each is written
 * as {@code rank_r.bin.tmp}, forced to the disk and renamed, so a rank sees all of its file or
 * nothing.
 *
 * @param dir {@code rollouts} or, in newer versions of prime-rl, {@code batches} in the trainer's
 *     output directory
 */
public record RankFiles(Path dir) implements RankTransport {
  @Override
  public void send(long step, List<byte[]> ranks, BooleanSupplier over) {
    Path target = dir.resolve("step_" + step);
    try {
      Files.createDirectories(target);
      for (int rank = 0; rank < ranks.size(); rank++) {
        write(target.resolve("rank_%d.bin".formatted(rank)), ranks.get(rank));
      }
      force(target);
      force(dir);
    } catch (IOException e) {
      throw new BatchException(
          "%s: the batch for prime-rl's trainer cannot be written: %s"
              .formatted(target, BatchException.reason(e)),
          e);
    }
  }

  private static void write(Path file, byte[] content) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void force(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Holds nothing open. */
  @Override
  public void close() {}
}
