package dev.freshet.http;

import dev.freshet.trace.ThreadPriority;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads that compute the keys and signatures of a listener's TLS handshakes, so that a
 * handshake holds up no stream of the event loop. They begin with the first handshake. At most
 * {@value #MAX_WAITING} handshakes wait for them; a further one fails, which closes its connection.
 * Thread-safe.
 */
final class Handshakes implements Executor {
  static final int MAX_WAITING = 1024;

  private static final Duration IDLE = Duration.ofMinutes(1);

  private final ThreadPoolExecutor threads;

  /**
   * @param listener the name of the listener in threads
   * @param streams whether the threads have the lowered priority of streams
   */
  Handshakes(String listener, int threads, boolean streams) {
    ThreadFactory factory =
        Thread.ofPlatform().daemon().name("freshet-" + listener + "-tls-", 0).factory();
    this.threads =
        new ThreadPoolExecutor(
            threads,
            threads,
            IDLE.toSeconds(),
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(MAX_WAITING),
            work -> factory.newThread(streams ? () -> atLowerPriority(work) : work));
    this.threads.allowCoreThreadTimeOut(true);
  }

  private static void atLowerPriority(Runnable work) {
    ThreadPriority.lower(ThreadPriority.STREAMS);
    work.run();
  }

  /**
   * Computes a part of a handshake.
   *
   * @throws RejectedExecutionException if too many wait already, or the listener is closed
   */
  @Override
  public void execute(Runnable part) {
    threads.execute(part);
  }

  /** Ends the threads within {@code deadline}; handshakes that wait are dropped. */
  void close(Duration deadline) {
    threads.shutdownNow();
    try {
      var _ = threads.awaitTermination(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
