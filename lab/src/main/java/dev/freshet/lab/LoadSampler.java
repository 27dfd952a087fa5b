package dev.freshet.lab;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Looks every few milliseconds at what streams and at the memory of the server's process, until it
 * is closed. Its thread is its own.
 */
final class LoadSampler implements AutoCloseable {
  private static final Duration EVERY = Duration.ofMillis(5);
  private static final Duration END = Duration.ofSeconds(30);

  private final StreamLoad load;
  private final ProcessHandle process;
  private final TokenTimeline timeline = new TokenTimeline();
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("freshet-load-sampler").daemon().factory());
  private final Future<?> sampling;
  private volatile double peakMb;

  /** Begins to look. */
  LoadSampler(StreamLoad load, ProcessHandle process) {
    this.load = load;
    this.process = process;
    this.sampling =
        executor.scheduleAtFixedRate(this::sample, 0, EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void sample() {
    long tokens = load.counts().events();
    timeline.add(System.nanoTime(), tokens);
    peakMb = Math.max(peakMb, ProcessFigures.residentMb(process));
  }

  /** The events that came, a token each. */
  TokenTimeline timeline() {
    return timeline;
  }

  /** The most memory that was resident when it looked, in MiB. */
  double peakMb() {
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
        throw new LabException("the streams were not counted within %s".formatted(END));
      }
      sampling.get(0, TimeUnit.SECONDS);
    } catch (CancellationException _) {
      // It went well to the end.
    } catch (ExecutionException e) {
      throw new LabException("the streams cannot be counted: " + e.getCause(), e);
    } catch (java.util.concurrent.TimeoutException e) {
      throw new LabException("the streams are counted still", e);
    } catch (InterruptedException e) {
      executor.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
