package dev.freshet.lab.swap;

import dev.freshet.lab.ProcessFigures;
import dev.freshet.plots.LabException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Looks every few milliseconds at the memory of a process, until it is closed. Its thread is its
 * own.
 */
final class ResidentPeak implements AutoCloseable {
  private static final Duration EVERY = Duration.ofMillis(5);
  private static final Duration END = Duration.ofSeconds(30);

  private final ProcessHandle process;
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("freshet-resident-peak").daemon().factory());
  private final Future<?> looking;
  private volatile double peakMb;

  /** Begins to look. */
  ResidentPeak(ProcessHandle process) {
    this.process = process;
    this.looking =
        executor.scheduleAtFixedRate(this::look, 0, EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void look() {
    peakMb = Math.max(peakMb, ProcessFigures.residentMb(process));
  }

  /** The most memory that was resident when it looked, in MiB. */
  double mb() {
    return peakMb;
  }

  /**
   * Looks no more.
   *
   * @throws LabException if it could not look all the time
   */
  @Override
  public void close() {
    executor.shutdown();
    try {
      if (!executor.awaitTermination(END.toSeconds(), TimeUnit.SECONDS)) {
        throw new LabException("the server's memory was not read within %s".formatted(END));
      }
      looking.get(0, TimeUnit.SECONDS);
    } catch (CancellationException _) {
      // It went well to the end.
    } catch (ExecutionException e) {
      throw new LabException("the server's memory cannot be read: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new LabException("the server's memory is read still", e);
    } catch (InterruptedException e) {
      executor.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
