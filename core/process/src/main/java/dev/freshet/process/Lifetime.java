package dev.freshet.process;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Ends a command cleanly on SIGTERM and SIGINT: a shutdown hook stops every registered part, then
 * waits at most 60 seconds, or as long as the command asked for, until the command has closed its
 * resources. If it has not by then, the hook says so, flushes the logs, and the process ends with
 * the exit status of the signal while threads still compute.
 *
 * <p>However the JVM exits, the destructors of native libraries do not run on Linux: see {@link
 * NativeExit}.
 */
public final class Lifetime {
  /** The exit code of a command that was stopped by a signal. */
  public static final int STOPPED = 1;

  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private static final String OWNER = "freshet.owner";

  private final Duration usual;
  private final List<Runnable> stops = new ArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private boolean stopping;
  private volatile Duration deadline;

  private Lifetime(Duration deadline) {
    this.usual = deadline;
    this.deadline = deadline;
  }

  /** Installs itself for the life of the process. */
  public static Lifetime install() {
    return install(DEADLINE);
  }

  /**
   * Installs itself for the life of the process.
   *
   * @param deadline how long the command may take to close its resources
   */
  public static Lifetime install(Duration deadline) {
    Lifetime lifetime = new Lifetime(deadline);
    Runtime.getRuntime().addShutdownHook(new Thread(lifetime::shutDown, "freshet-shutdown"));
    return lifetime;
  }

  /** The JVM option that makes the child process end when the process {@code pid} ends. */
  public static String endsWith(long pid) {
    return "-D%s=%d".formatted(OWNER, pid);
  }

  /**
   * Ends this process as SIGTERM would when its owner ends, even if the owner was killed; see
   * {@link #endsWith}.
   */
  public static void endWithOwner() {
    OptionalLong owner =
        Stream.ofNullable(System.getProperty(OWNER)).mapToLong(Long::parseLong).findFirst();
    if (owner.isPresent()) {
      CompletableFuture<?> gone =
          ProcessHandle.of(owner.getAsLong())
              .map(ProcessHandle::onExit)
              .orElseGet(() -> CompletableFuture.completedFuture(null));
      var _ = gone.thenRunAsync(() -> System.exit(STOPPED));
    }
  }

  /**
   * Runs {@code stop} when the process is asked to end, or at once if it already was. It must not
   * block for long.
   */
  public synchronized void onStop(Runnable stop) {
    if (stopping) {
      stop.run();
    } else {
      stops.add(stop);
    }
  }

  /** Gives the command {@code more} time to close its resources. */
  public void extend(Duration more) {
    deadline = usual.plus(more);
  }

  /** Whether the process has been asked to end. */
  public synchronized boolean stopping() {
    return stopping;
  }

  /** Blocks until the process is asked to end. */
  public synchronized void awaitStop() throws InterruptedException {
    while (!stopping) {
      wait(1000);
    }
  }

  /** Reports that the command has closed its resources, so that the process may exit. */
  public void closed() {
    closed.countDown();
  }

  /**
   * Asks the command to end because a part of it has failed, as a signal would. The command then
   * fails with the reason.
   */
  public void stop() {
    List<Runnable> all;
    synchronized (this) {
      if (stopping) {
        return;
      }
      stopping = true;
      all = List.copyOf(stops);
      notifyAll();
    }
    all.forEach(Lifetime::stop);
  }

  private void shutDown() {
    try {
      stop();
      if (!closed.await(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
        System.err.printf(
            "freshet: the command did not close its resources within %d ms: exiting while it works;"
                + " what it has not written yet is lost%n",
            deadline.toMillis());
        Logs.close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      NativeExit.skipHandlers();
    }
  }

  private static void stop(Runnable stop) {
    try {
      stop.run();
    } catch (RuntimeException e) {
      System.err.println("freshet: stopping failed: " + e.getMessage());
    }
  }
}
