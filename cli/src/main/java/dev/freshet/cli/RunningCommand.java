package dev.freshet.cli;

import dev.freshet.process.Lifetime;
import dev.freshet.process.Logs;
import java.io.IOException;
import java.util.concurrent.Callable;

/** A command that closes what it owns when a signal stops it. */
abstract class RunningCommand implements Callable<Integer> {
  @Override
  public final Integer call() throws InterruptedException, IOException {
    Lifetime lifetime = Lifetime.install();
    Logs.warningsOnly();
    try {
      return run(lifetime);
    } catch (InterruptedException e) {
      if (lifetime.stopping()) {
        return Lifetime.STOPPED;
      }
      throw e;
    } catch (RuntimeException | IOException | Error failure) {
      Logs.failed(failure);
      throw failure;
    } finally {
      Logs.close();
      lifetime.closed();
    }
  }

  /** Does the command's work and closes all it owns. Returns the exit code. */
  protected abstract int run(Lifetime lifetime) throws InterruptedException, IOException;
}
