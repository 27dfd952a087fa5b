package dev.freshet.orchestrator;

import dev.freshet.trace.waits.Waits;
import java.time.Duration;

/**
 * The wait of a held pipeline for newer weights, which has one owner at a time: the trainer until
 * it has published them, then the servers that do not serve them yet. Used by one thread.
 */
final class WeightsWait implements AutoCloseable {
  private final String what;
  private final WeightWatcher watcher;
  private final OrchestratorConfig config;
  private boolean published;
  private Waits.Open open;

  /**
   * Begins the wait.
   *
   * @param what the weights
   */
  WeightsWait(String what, WeightWatcher watcher, OrchestratorConfig config) {
    this.what = what;
    this.watcher = watcher;
    this.config = config;
    this.published = watcher.updating();
    this.open = begin();
  }

  private Waits.Open begin() {
    return published
        ? Waits.begin(
            "orchestrator",
            what + ", which are published",
            "inference",
            Duration.ofSeconds(config.recoveryDeadlineS()))
        : Waits.begin(
            "orchestrator", what, "trainer", Duration.ofSeconds(config.trainerDeadlineS()));
  }

  /** Passes the wait on if its owner has changed. */
  void look() {
    if (watcher.updating() != published) {
      published = !published;
      open.close();
      open = begin();
    }
  }

  @Override
  public void close() {
    open.close();
  }
}
