package dev.freshet.orchestrator;

import dev.freshet.fleet.UpdateJournal;
import dev.freshet.rollouts.UpdateEvent;
import dev.freshet.rollouts.UpdateLog;
import dev.freshet.trace.TraceId;

/** Writes the fleet's journal to the update log in the directory of the batches. */
record LoggedUpdates(UpdateLog log) implements UpdateJournal {
  @Override
  public void begin(long version) {
    log.begin(version);
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
