package dev.freshet.fleet;

import dev.freshet.trace.FleetLog;

/** An update of the fleet as events of the log: one for each server, then one for all of them. */
final class FleetLines {
  private FleetLines() {}

  static void log(UpdateResult update, FleetLog log) {
    update.replicas().forEach(replica -> log.replicaDone(update.version(), done(replica)));
    log.updateDone(
        update.version(),
        update.outcome().wireName(),
        update.replicas().size(),
        update.wallMs(),
        update
            .blame()
            .map(
                blame ->
                    new FleetLog.Slowest(
                        blame.replica().server().toString(), blame.phase(), blame.ms())));
  }

  private static FleetLog.ReplicaDone done(ReplicaResult replica) {
    return new FleetLog.ReplicaDone(
        replica.trace(),
        replica.server().toString(),
        replica.dialect(),
        replica.version(),
        outcome(replica),
        replica.timings().queueMs(),
        replica.phases(),
        replica.wallMs());
  }

  /** How an update ended on a replica. */
  static String outcome(ReplicaResult replica) {
    if (replica.moved()) {
      return "moved";
    }
    return replica.rejected() ? "refused" : replica.failure().isPresent() ? "failed" : "kept";
  }
}
