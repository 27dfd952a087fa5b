package dev.freshet.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DirectoryWatchTest {
  private static final Duration DEADLINE = Duration.ofHours(1);

  @TempDir Path dir;
  private final AtomicLong nanos = new AtomicLong();
  private int looks;

  @Test
  void theDeadlineIsTheClocksAndEndsTheWaitWithNothing() throws Exception {
    Optional<Path> found =
        DirectoryWatch.await(
            dir,
            DEADLINE,
            nanos::get,
            () -> {
              looks++;
              nanos.addAndGet(DEADLINE.toNanos() / 2);
              return Optional.empty();
            });

    assertThat(found).isEmpty();
    assertThat(looks).isEqualTo(2);
  }

  @Test
  void whatIsThereAlreadyIsFoundEvenWithoutTime() throws Exception {
    assertThat(DirectoryWatch.await(dir, Duration.ZERO, nanos::get, () -> Optional.of(dir)))
        .contains(dir);
  }

  @Test
  void aFileIsFoundInADirectoryThatDidNotExistWhenTheWaitBegan() throws Exception {
    Path parent = dir.resolve("a/b");
    Path file = parent.resolve("file");

    Optional<Path> found =
        DirectoryWatch.await(
            parent,
            DEADLINE,
            nanos::get,
            () -> {
              if (++looks == 2) {
                create(parent, file);
              }
              return Optional.of(file).filter(Files::exists);
            });

    assertThat(found).contains(file);
  }

  private static void create(Path parent, Path file) {
    try {
      Files.createDirectories(parent);
      Files.createFile(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
