package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.fleet.dialect.Serving;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.UpdateMode;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one quarantined replica to the fleet's current weights, beside the traffic of the others,
 * as a new incarnation. It is asked first: one that serves them is only resumed, unless its weights
 * are suspect. It receives requests only if it then says that it serves the current weights.
 */
final class CatchUp {
  /** The version of a replica that reports none, and what to ask for if any will do. */
  static final long ANY = -1;

  static final String PAUSED_BY_ANOTHER =
      "it is paused, and not by this fleet: whoever paused it must resume it, and then it gets"
          + " requests";

  private static final Logger LOG = LoggerFactory.getLogger(CatchUp.class);

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
    return run(replica, replicas.asked(replica), current);
  }

  /** As {@link #run(Replica, Target)}, of what was current when the replica was {@code asked}. */
  Optional<ReplicaResult> run(Replica replica, Asked asked, Target current) {
    if (asked.state() != ReplicaState.QUARANTINED) {
      return Optional.empty();
    }
    Serving serving;
    try {
      replica.requireEngine();
      serving = replica.probe(current.version());
      replica.learnGeneration();
    } catch (AdminException e) {
      var _ =
          replicas.report(
              replica,
              asked,
              e.status() == 0 ? ReplicaState.GONE : ReplicaState.QUARANTINED,
              OneLine.of(e) + "; the fleet asks it again and catches it up");
      return Optional.empty();
    }
    boolean foreign = replica.versions().isForeign(serving);
    if (foreign) {
      replicas.contested(replica, serving);
    } else {
      replica.versions().accepted(serving);
    }
    boolean suspect = foreign || replicas.read(_ -> replica.life().suspect());
    boolean pausedByClient = replicas.read(_ -> replica.life().pausedByClient());
    if (!replicas.catchUp(replica, asked)) {
      return Optional.empty();
    }
    ReplicaUpdate update = new ReplicaUpdate(replica, current.again(), deadlines);
    if (serving.serves(current.version()) && !suspect && !mayBeHalfLoaded(update, serving)) {
      boolean paused = serving.paused().orElse(update.pauses() || pausedByClient);
      resume(update, asked, serving, current, paused);
      return Optional.empty();
    }
    load(update, asked, current, pausedByClient);
    return Optional.of(replicas.read(_ -> update.result()));
  }

  /**
   * A program that loads while it is paused names its weights after the load. One that is paused
   * and still says the name that it was started with may have been left in the middle of its first
   * load.
   */
  private static boolean mayBeHalfLoaded(ReplicaUpdate update, Serving serving) {
    return update.pauses() && serving.isFirst() && serving.paused().orElse(false);
  }

  /**
   * Takes a quarantined replica as it is, in a fleet that has no weights of its own yet. One that
   * an update or a pause of this fleet has left paused is resumed, unless its weights are suspect.
   */
  void adopt(Replica replica, Asked asked) {
    Serving serving;
    try {
      serving = ask(replica);
    } catch (AdminException e) {
      var _ =
          replicas.report(
              replica,
              asked,
              e.status() == 0 ? ReplicaState.GONE : ReplicaState.QUARANTINED,
              OneLine.of(e) + "; the fleet asks it again");
      return;
    }
    boolean suspect = replicas.read(_ -> replica.life().suspect());
    boolean pausedByClient = replicas.read(_ -> replica.life().pausedByClient());
    boolean ours = pausedByClient || replicas.read(_ -> replica.life().failed() != ANY);
    replica.versions().accepted(serving);
    ReplicaUpdate update = new ReplicaUpdate(replica, Target.base(UpdateMode.KEEP), deadlines);
    boolean paused = serving.paused().orElse(pausedByClient || (ours && update.pauses()));
    if (suspect) {
      LOG.debug("server {} waits for an update: its weights are not known", replica.url());
    } else if (paused && !ours) {
      var _ = replicas.report(replica, asked, ReplicaState.QUARANTINED, PAUSED_BY_ANOTHER);
    } else if (replicas.catchUp(replica, asked)) {
      adopt(update, serving, paused);
    }
  }

  private void adopt(ReplicaUpdate update, Serving serving, boolean paused) {
    if (paused) {
      update.assumePaused();
    }
    update.replica().named(serving.name());
    if (update.resume(serving.version().orElse(ANY)).done()) {
      LOG.info("server {} serves {}", update.replica().url(), serving.inWords());
      replicas.serves(update.replica(), serving.version().orElse(ANY));
    } else {
      update.leftOut();
      SetAside.after(update, replicas);
      replicas.failed(update.replica(), 0);
    }
  }

  /**
   * What a replica serves, whichever version that is. One that answers without a version serves an
   * unknown one.
   *
   * @throws AdminException if it cannot be asked
   */
  static Serving ask(Replica replica) {
    try {
      return replica.probe(ANY);
    } catch (AdminException e) {
      if (e.status() >= 400 && e.status() < 500) {
        return new Serving(Optional.empty(), Optional.empty());
      }
      throw e;
    }
  }

  private void resume(
      ReplicaUpdate update, Asked asked, Serving serving, Target current, boolean paused) {
    if (paused) {
      update.assumePaused();
    }
    update.replica().named(serving.name());
    finish(update, asked, current, update.resume(current.version()));
  }

  private void load(ReplicaUpdate update, Asked asked, Target current, boolean pausedByClient) {
    Step step = update.prepare();
    step = step.done() ? update.pause() : step;
    step = step.done() ? update.apply() : step;
    if (pausedByClient) {
      update.assumePaused();
    }
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
    finish(update, asked, current, step);
  }

  private void finish(ReplicaUpdate update, Asked asked, Target current, Step step) {
    Replica replica = update.replica();
    if (!step.done()) {
      update.leftOut();
      SetAside.after(update, replicas);
    } else if (!replicas.returns(replica, asked, current.version())) {
      replicas.setAside(
          replica,
          ReplicaState.QUARANTINED,
          "it serves version %d, which is no longer current; the fleet catches it up"
              .formatted(current.version()));
    }
  }
}
