package dev.freshet.orchestrator;

import dev.freshet.fleet.UpdateJournal;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.rollouts.UpdateLog;
import dev.freshet.trace.TraceId;

/**
 * Writes the fleet's journal to the update log in the directory of the batches.
 *
 * @param resumed whether the log of an earlier process of the run is there, and continues
 */
record LoggedUpdates(UpdateLog log, boolean resumed) implements UpdateJournal {
  @Override
  public void begin(long version) {
    if (resumed) {
      log.resume(version);
    } else {
      log.begin(version);
    }
  }

  @Override
  public void sent(long version, String server, TraceId trace) {
    log.append(UpdateEvent.sent(version, server, trace));
  }

  @Override
  public void failed(long version, String server, TraceId trace) {
    log.append(UpdateEvent.failed(version, server, trace));
  }

  @Override
  public void served(long version) {
    log.append(UpdateEvent.served(version));
  }
}
