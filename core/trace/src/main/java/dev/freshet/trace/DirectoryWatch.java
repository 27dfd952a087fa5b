package dev.freshet.trace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Waits until something appears in a directory that need not exist yet. File system notification
 * ends a pause at once. A slow poll catches what notification misses: file systems without it,
 * files created in subdirectories, exhausted watch limits.
 */
public final class DirectoryWatch implements AutoCloseable {
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Path dir;
  private final @Nullable WatchService service;
  private @Nullable Path watched;
  private @Nullable WatchKey key;

  private DirectoryWatch(Path dir) {
    this.dir = dir.toAbsolutePath();
    this.service = open();
  }

  /**
   * Calls {@code look} until it finds something. It is called at least once.
   *
   * @param clock measures the deadline
   * @return what it found; empty once {@code deadline} has passed
   */
  public static <T> Optional<T> await(
      Path dir, Duration deadline, MonotonicClock clock, Supplier<Optional<T>> look)
      throws InterruptedException {
    long start = clock.nanos();
    try (DirectoryWatch watch = new DirectoryWatch(dir)) {
      while (true) {
        watch.register();
        Optional<T> found = look.get();
        long left = deadline.toNanos() - (clock.nanos() - start);
        if (found.isPresent() || left <= 0) {
          return found;
        }
        watch.pause(Math.min(left, POLL_NANOS));
      }
    }
  }

  private static @Nullable WatchService open() {
    try {
      return FileSystems.getDefault().newWatchService();
    } catch (IOException e) {
      return null; // The user's watch limit is exhausted: only polling remains.
    }
  }

  /** Watches the directory, or while that does not exist its nearest ancestor that does. */
  private void register() {
    Path target = dir;
    while (!Files.isDirectory(target) && target.getParent() != null) {
      target = target.getParent();
    }
    if (service == null || (target.equals(watched) && key != null && key.isValid())) {
      return;
    }
    if (key != null) {
      key.cancel();
    }
    try {
      key = target.register(service, StandardWatchEventKinds.ENTRY_CREATE);
      watched = target;
    } catch (IOException e) {
      key = null; // It was deleted or cannot be watched; the next poll tries again.
    }
  }

  private void pause(long nanos) throws InterruptedException {
    if (service == null) {
      TimeUnit.NANOSECONDS.sleep(nanos);
      return;
    }
    WatchKey signalled = service.poll(nanos, TimeUnit.NANOSECONDS);
    if (signalled != null) {
      signalled.pollEvents();
      signalled.reset();
    }
  }

  @Override
  public void close() {
    if (service != null) {
      try {
        service.close();
      } catch (IOException e) {
        throw new UncheckedIOException(
            "%s: the file system watch cannot be closed: %s".formatted(dir, e.getMessage()), e);
      }
    }
  }
}
