package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.fleet.dialect.AdminCalls;
import dev.freshet.fleet.dialect.EngineLoad;
import dev.freshet.fleet.dialect.Serving;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after one replica between updates, on a thread of its own: asks a serving one whether it
 * still serves the policy version, catches up a quarantined one, and asks one that is unknown or
 * gone. A catch-up that fails is repeated after twice the time, at most 30 s. During an update it
 * ends the call to a replica that has fallen silent.
 */
final class Keeper {
  private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(30);

  /** How many times in a row a replica must fail to answer to be gone. */
  private static final int SILENCES = 2;

  /** What a proxy answers for a server to which it cannot connect. */
  private static final int BAD_GATEWAY = 502;

  private static final int LOOKS_BEFORE_RETURN = 30;

  /** How many times in a row its weights must have been changed to be called contested. */
  private static final int CONTESTED = 3;

  /** A page of metrics costs the server more than a question. */
  private static final int LOOKS_PER_SCRAPE = 5;

  private final Replica replica;
  private final Replicas replicas;
  private final CatchUp catchUp;
  private final Supplier<Optional<Target>> current;
  private final BooleanSupplier updating;
  private final Duration interval;
  private final Thread thread;
  private Duration backoff;
  private boolean lookAtOnce;
  private @Nullable ReplicaState lookedAt;
  private int silences;

  /** How many times in a row it did not answer beside an update. */
  private int unanswered;

  /** How often it was looked at since it failed an update that was rolled back. */
  private int looks;

  /** How often in a row it was found with other weights soon after it was caught up. */
  private int contested;

  /** How often in a row it was found as it should be. */
  private int calm;

  /** For the resume of a server in rotation that another program has paused. */
  private final PauseWait resume;

  private boolean scrapes;

  /** How often it was looked at while it served. */
  private int servingLooks;

  /**
   * @param current the weights that the fleet serves; empty while each replica keeps its own
   * @param updating whether an update of the fleet is running
   * @param interval between two looks
   */
  Keeper(
      Replica replica,
      Replicas replicas,
      CatchUp catchUp,
      Supplier<Optional<Target>> current,
      BooleanSupplier updating,
      Duration interval) {
    this.replica = replica;
    this.replicas = replicas;
    this.catchUp = catchUp;
    this.current = current;
    this.updating = updating;
    this.interval = interval;
    this.backoff = interval;
    this.resume =
        new PauseWait(replica.client().role(), "the resume of server " + replica.address().admin());
    this.thread =
        Thread.ofPlatform()
            .name("freshet-keeper-" + replica.address().admin().getAuthority())
            .daemon()
            .unstarted(this::keep);
  }

  /** Also asks for the load of the replica's engine, for a fleet that hands out rollouts. */
  Keeper scraping() {
    scrapes = true;
    return this;
  }

  void start() {
    thread.start();
  }

  /** As {@link #start}, with a first look at once. */
  void startWithLook() {
    lookAtOnce = true;
    thread.start();
  }

  /** Ends what it does, and joins its thread. */
  void stop(Duration within) throws InterruptedException {
    thread.interrupt();
    if (thread.isAlive() && !thread.join(within)) {
      LOG.warn("{} still runs after {} ms", thread.getName(), within.toMillis());
    }
  }

  private void keep() {
    try {
      if (!lookAtOnce) {
        Thread.sleep(backoff);
      }
      while (!Thread.currentThread().isInterrupted()) {
        look();
        Thread.sleep(backoff);
      }
    } catch (InterruptedException e) {
      LOG.debug("{} was stopped", thread.getName());
    } catch (RuntimeException e) {
      LOG.error("server {} is no longer looked after: {}", replica.url(), OneLine.of(e), e);
    } finally {
      resume.paused(false);
    }
  }

  private void look() {
    Asked asked = replicas.asked(replica);
    ReplicaState state = asked.state();
    if (state != ReplicaState.SERVING) {
      resume.paused(false);
    }
    if (state != lookedAt) {
      lookedAt = state;
      silences = 0;
    }
    switch (state) {
      case SERVING -> {
        check(asked);
        watch();
        scrape();
      }
      case QUARANTINED -> {
        if (!updating.getAsBoolean() && mayReturn()) {
          catchUp(asked);
        }
      }
      case UNKNOWN -> {
        if (!updating.getAsBoolean()) {
          ask(asked);
        }
      }
      case GONE -> find(asked);
      case UPDATING, PAUSED -> watch();
    }
    boolean failed =
        state == ReplicaState.QUARANTINED
            && replicas.read(_ -> replica.life().state()) == ReplicaState.QUARANTINED
            && looks == 0
            && !updating.getAsBoolean();
    backoff = failed ? min(backoff.multipliedBy(2), max(interval)) : interval;
  }

  private void catchUp(Asked asked) {
    Optional<Target> weights = current.get();
    if (weights.isPresent()) {
      var _ = catchUp.run(replica, asked, weights.get());
    } else {
      catchUp.adopt(replica, asked);
    }
  }

  private long currentVersion() {
    return current.get().map(Target::version).orElse(CatchUp.ANY);
  }

  /**
   * One that failed an update which was rolled back stays out of the next one, or that would be
   * rolled back too; for a while, in which the others may move. If no other serves, nothing moves
   * without it. One that another program updates is left alone for as long: two fleets would take
   * it from each other for ever.
   */
  private boolean mayReturn() {
    boolean behind =
        current.get().isPresent()
            && replicas.read(_ -> replica.life().failed()) > currentVersion()
            && !replicas.in(ReplicaState.SERVING).isEmpty();
    boolean waits = behind || contested >= CONTESTED;
    looks = waits && looks <= LOOKS_BEFORE_RETURN ? looks + 1 : 0;
    return looks == 0;
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  private static Duration max(Duration interval) {
    return interval.compareTo(MAX_BACKOFF) > 0 ? interval : MAX_BACKOFF;
  }

  /**
   * Ends the call of an update to a replica that answers nothing else either: the deadline of a
   * phase may be hours.
   */
  private void watch() {
    if (!updating.getAsBoolean()) {
      unanswered = 0;
      return;
    }
    try {
      replica.greet();
      unanswered = 0;
    } catch (AdminException e) {
      unanswered++;
      if (unanswered >= SILENCES) {
        replica.client().abort("the server answers nothing: " + OneLine.of(e));
      }
    }
  }

  /** Asks a serving replica what it serves. */
  private void check(Asked asked) {
    boolean follows = current.get().isEmpty();
    // What it answers beside an order says nothing about others.
    boolean undisturbed = !updating.getAsBoolean();
    try {
      replica.requireEngine();
      Serving serving = follows ? CatchUp.ask(replica) : replica.probe(asked.version());
      silences = 0;
      resume.paused(
          serving.paused().orElse(false)
              && undisturbed
              && replicas.isCurrent(replica, asked)
              && !updating.getAsBoolean());
      if (!follows) {
        compare(serving, asked);
      } else if (undisturbed) {
        follow(serving, asked);
      }
    } catch (AdminException e) {
      boolean silent = e.status() == 0;
      silences += silent || replicas.isCurrent(replica, asked) ? 1 : 0;
      if (silences >= SILENCES && !Thread.currentThread().isInterrupted()) {
        var _ =
            replicas.report(
                replica,
                asked,
                silent ? ReplicaState.GONE : ReplicaState.QUARANTINED,
                OneLine.of(e) + "; the fleet asks it again and catches it up");
      }
    }
  }

  /** A replica of a fleet that has weights may have been restarted, or changed by others. */
  private void compare(Serving serving, Asked asked) {
    boolean foreign = replica.versions().isForeign(serving);
    if (serving.name().isEmpty() || (serving.serves(asked.version()) && !foreign)) {
      calm++;
      if (calm > LOOKS_BEFORE_RETURN && contested > 0) {
        contested = 0;
        replicas.uncontested(replica);
      }
    } else if (replicas.isCurrent(replica, asked)) {
      contested++;
      calm = 0;
      if (foreign || contested >= CONTESTED) {
        replicas.contested(replica, serving);
      }
      var _ =
          replicas.report(
              replica,
              asked,
              ReplicaState.QUARANTINED,
              "it serves %s, expected %s: %s"
                  .formatted(
                      serving.inWords(),
                      foreign
                          ? "the version %d that this fleet has loaded".formatted(asked.version())
                          : "version " + asked.version(),
                      changedBy(foreign)));
    }
  }

  /** A replica of a fleet without weights of its own may be changed or paused by others. */
  private void follow(Serving serving, Asked asked) {
    replica.versions().accepted(serving);
    long now = serving.version().orElse(CatchUp.ANY);
    if (serving.paused().orElse(false)) {
      var _ = replicas.report(replica, asked, ReplicaState.QUARANTINED, CatchUp.PAUSED_BY_ANOTHER);
    } else if (now != asked.version()) {
      replicas.follow(replica, asked, now);
    }
  }

  private String changedBy(boolean foreign) {
    if (contested >= CONTESTED) {
      return "contested: this is time %d in a row, so another program updates it too, or it restarts again and again: stop that program; the fleet catches it up after a while"
          .formatted(contested);
    }
    return foreign
        ? "contested: another program updates it too: stop that program; the fleet catches it up"
        : "it was restarted or updated by another program; the fleet catches it up";
  }

  /** Asks for the load of its engine, now and then. */
  private void scrape() {
    servingLooks++;
    if (!scrapes || servingLooks % LOOKS_PER_SCRAPE != 0) {
      return;
    }
    try {
      Optional<EngineLoad> load = replica.scrape();
      replicas.read(
          _ -> {
            replica.reported(load);
            return load;
          });
    } catch (AdminException e) {
      LOG.debug("the load of server {} is not known: {}", replica.url(), OneLine.of(e));
    }
  }

  /** Asks a replica whose load may still be running. */
  private void ask(Asked asked) {
    try {
      Serving serving = replica.probe(currentVersion());
      boolean resumed = serving.paused().filter(paused -> !paused).isPresent();
      // Another name than before is given at the end of the load, or by a new process.
      boolean renamed =
          serving.version().isPresent()
              && replica.named().isPresent()
              && !serving.name().equals(replica.named());
      AdminCalls calls =
          new AdminCalls(replica.client(), TraceId.random())
              .within(replica.client().deadlines().probe());
      if (resumed || renamed || replica.dialect().idle(calls)) {
        var _ =
            replicas.report(
                replica,
                asked,
                ReplicaState.QUARANTINED,
                "its load has ended, it serves %s; the fleet catches it up"
                    .formatted(serving.inWords()));
      }
      silences = 0;
    } catch (AdminException e) {
      silences = isHungUp(e) ? silences + 1 : 0;
      if (e.code().equals("unreachable") || silences >= SILENCES) {
        var _ =
            replicas.report(
                replica,
                asked,
                ReplicaState.GONE,
                OneLine.of(e) + "; the fleet catches it up when it answers again");
      }
    }
  }

  /**
   * Whether a connection ended without an answer: behind a proxy or a port forwarder, which accepts
   * it, the server has ended. One that is busy with a load is silent or slow instead.
   */
  private static boolean isHungUp(AdminException e) {
    return e.code().equals("closed") || e.status() == BAD_GATEWAY;
  }

  /** Asks a replica that did not answer. */
  private void find(Asked asked) {
    try {
      var _ = replica.probe(currentVersion());
      var _ =
          replicas.report(
              replica,
              asked,
              ReplicaState.QUARANTINED,
              "it answers again; the fleet catches it up");
    } catch (AdminException e) {
      LOG.debug("server {} is still gone: {}", replica.url(), OneLine.of(e));
    }
  }
}
