package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.fleet.dialect.Serving;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.wire.OneLine;
import java.util.Optional;

/**
 * Brings one quarantined replica to the fleet's current weights, beside the traffic of the others,
 * as a new incarnation. It is asked first: one that serves them is only resumed, unless its weights
 * are suspect. It receives requests only if it then says that it serves the current weights.
 */
final class CatchUp {
  private final Replicas replicas;
  private final PhaseDeadlines deadlines;
  private final Optional<LoadedWeights> loaded;

  CatchUp(Replicas replicas, PhaseDeadlines deadlines) {
    this(replicas, deadlines, Optional.empty());
  }

  /**
   * @param loaded compares what a replica has loaded, if that is wanted
   */
  CatchUp(Replicas replicas, PhaseDeadlines deadlines, Optional<LoadedWeights> loaded) {
    this.replicas = replicas;
    this.deadlines = deadlines;
    this.loaded = loaded;
  }

  /**
   * Catches up once.
   *
   * @return what was done; empty if it was not quarantined, does not answer, or did not have to
   *     load
   */
  Optional<ReplicaResult> run(Replica replica, Target current) {
    Serving serving;
    try {
      serving = replica.probe(current.version());
      replica.learnGeneration();
    } catch (AdminException e) {
      if (replicas.in(ReplicaState.QUARANTINED).contains(replica)) {
        replicas.setAside(
            replica,
            e.status() == 0 ? ReplicaState.GONE : ReplicaState.QUARANTINED,
            OneLine.of(e) + "; the fleet asks it again and catches it up");
      }
      return Optional.empty();
    }
    boolean suspect = replicas.read(_ -> replica.life().suspect());
    if (!replicas.catchUp(replica)) {
      return Optional.empty();
    }
    ReplicaUpdate update = new ReplicaUpdate(replica, current.again(), deadlines);
    if (serving.serves(current.version()) && !suspect) {
      resume(update, serving, current);
      return Optional.empty();
    }
    load(update, current);
    return Optional.of(replicas.read(_ -> update.result()));
  }

  private void resume(ReplicaUpdate update, Serving serving, Target current) {
    if (serving.paused().orElse(update.pauses())) {
      update.assumePaused();
    }
    update.replica().named(serving.name());
    finish(update, current, update.resume());
  }

  private void load(ReplicaUpdate update, Target current) {
    Step step = update.prepare();
    step = step.done() ? update.pause() : step;
    step = step.done() ? update.apply() : step;
    step = step.done() ? update.resume() : step;
    Optional<String> differs =
        step.done()
            ? loaded.flatMap(l -> l.differs(update.replica(), current.version()))
            : Optional.empty();
    if (differs.isPresent()) {
      update.failed(differs.get());
      replicas.suspect(
          update.replica(),
          ReplicaState.QUARANTINED,
          differs.get() + "; the fleet loads them again");
      return;
    }
    finish(update, current, step);
  }

  private void finish(ReplicaUpdate update, Target current, Step step) {
    Replica replica = update.replica();
    if (!step.done()) {
      update.leftOut();
      SetAside.after(update, replicas);
    } else if (!replicas.returns(replica, current.version())) {
      replicas.setAside(
          replica,
          ReplicaState.QUARANTINED,
          "it serves version %d, which is no longer current; the fleet catches it up"
              .formatted(current.version()));
    }
  }
}
