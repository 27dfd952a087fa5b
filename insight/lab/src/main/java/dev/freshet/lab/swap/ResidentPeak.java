package dev.freshet.lab.swap;

import dev.freshet.lab.LabException;
import dev.freshet.lab.ProcessFigures;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Samples the resident memory of a process every 5 ms until it is closed. Owns its thread. */
final class ResidentPeak implements AutoCloseable {
  private static final Duration EVERY = Duration.ofMillis(5);
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(30);

  private final ProcessHandle process;
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("freshet-resident-peak").daemon().factory());
  private final Future<?> sampling;
  private volatile double peakMb;

  /** Starts to sample. */
  ResidentPeak(ProcessHandle process) {
    this.process = process;
    this.sampling =
        executor.scheduleAtFixedRate(this::sample, 0, EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void sample() {
    peakMb = Math.max(peakMb, ProcessFigures.residentMb(process));
  }

  /** The largest sample, in MiB. */
  double mb() {
    return peakMb;
  }

  /**
   * Stops sampling.
   *
   * @throws LabException if a sample failed
   */
  @Override
  public void close() {
    executor.shutdown();
    try {
      if (!executor.awaitTermination(CLOSE_DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
        throw new LabException(
            "reading the server's memory did not end within %s".formatted(CLOSE_DEADLINE));
      }
      sampling.get(0, TimeUnit.SECONDS);
    } catch (CancellationException _) {
      // No sample failed before the shutdown cancelled the schedule.
    } catch (ExecutionException e) {
      throw new LabException("the server's memory cannot be read: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new LabException("reading the server's memory has not ended", e);
    } catch (InterruptedException e) {
      executor.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
