package dev.freshet.process;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Runs work of a command on its own thread, which a signal interrupts. The command's thread waits
 * for it and is never interrupted itself, so it can close its resources.
 */
public final class StoppableWork {
  private StoppableWork() {}

  /**
   * Runs {@code work}; returns its result or throws its exception.
   *
   * @param name the name of the thread
   */
  public static <T> T await(Lifetime lifetime, String name, Callable<T> work)
      throws InterruptedException {
    FutureTask<T> task = new FutureTask<>(work);
    Thread thread = Thread.ofPlatform().name(name).start(task);
    lifetime.onStop(thread::interrupt);
    try {
      return task.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case InterruptedException stopped -> throw stopped;
        case null, default -> throw new IllegalStateException(name + " failed", e.getCause());
      }
    }
  }
}
