package dev.freshet.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * Unloaded adapters that sequences, running or waiting, still use. No new sequence can begin to use
 * one. Confined to the loop's thread.
 */
final class Retiring {
  private final Running running;
  private final AdmissionQueue admission;
  private final List<LoopRequests.Retire<?>> adapters = new ArrayList<>();

  Retiring(Running running, AdmissionQueue admission) {
    this.running = running;
    this.admission = admission;
  }

  void add(LoopRequests.Retire<?> request) {
    adapters.add(request);
  }

  /** Completes the requests whose adapters no sequence uses. */
  void complete() {
    if (adapters.isEmpty()) {
      return;
    }
    adapters.removeIf(
        request -> {
          long id = request.adapter().id();
          // The queue first: a sequence only moves from there to those that run.
          boolean used =
              admission.anyOf(id)
                  || running.all().stream().anyMatch(sequence -> sequence.adapterId() == id);
          if (!used) {
            request.unused().run();
          }
          return !used;
        });
  }
}
