package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Target;
import java.util.Optional;

/** How a replica that an update leaves out is set aside, and the line that says who must act. */
final class SetAside {
  private static final String CAUGHT_UP = "; the fleet catches it up";

  /** For a server that no fleet looks after. */
  static final String STAYS_PAUSED =
      "; the server stays paused because its weights may be missing or mixed: do not resume it;"
          + " update it with a good checkpoint, and restart it if that fails too";

  private SetAside() {}

  /** By how its newest phase ended. */
  static void after(ReplicaUpdate update, Replicas replicas) {
    Replica replica = update.replica();
    replicas.paused(replica, update.paused());
    switch (update.last()) {
      case Step.Done() -> {}
      case Step.Refused(String why, boolean _) ->
          replicas.setAside(replica, ReplicaState.QUARANTINED, why + resumed(update) + CAUGHT_UP);
      case Step.Broken(String why) ->
          replicas.suspect(
              replica,
              ReplicaState.QUARANTINED,
              why
                  + (update.paused()
                      ? "; it stays paused because its weights may be missing or mixed: do not"
                          + " resume it. The fleet loads the current weights; restart it if that"
                          + " fails too"
                      : CAUGHT_UP));
      case Step.Unclear(String why) -> {
        if (update.loading()) {
          replicas.suspect(
              replica,
              ReplicaState.UNKNOWN,
              why
                  + "; its load may still be running, so none is posted to it. The fleet asks it"
                  + " until that is known"
                  + (update.paused() ? "; it stays paused: do not resume it, restart it" : ""));
        } else {
          replicas.setAside(replica, ReplicaState.QUARANTINED, why + resumed(update) + CAUGHT_UP);
        }
      }
    }
  }

  private static String resumed(ReplicaUpdate update) {
    return update.paused() ? "; it may still be paused, and the fleet resumes it" : "";
  }

  /** It serves the target of an update that was rolled back. */
  static void notUndone(ReplicaUpdate update, Replicas replicas, Optional<Target> previous) {
    String why =
        previous.isEmpty()
            ? "%s serves the version of an update that was rolled back, and the version before is"
                    .formatted(update.replica().url())
                + " not known: update it by hand"
            : "the version of an update that was rolled back could not be taken back: "
                + update.last().why()
                + CAUGHT_UP;
    update.failed(why);
    replicas.suspect(update.replica(), ReplicaState.QUARANTINED, why);
  }

  /** The update ended in the middle. */
  static void abandoned(ReplicaUpdate update, Replicas replicas) {
    replicas.paused(update.replica(), update.paused());
    replicas.suspect(
        update.replica(),
        ReplicaState.UNKNOWN,
        "the update was interrupted"
            + (update.paused() ? " and it is paused" : "")
            + ": start the fleet again, which asks it, or update it by hand");
  }
}
