package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.fleet.dialect.Serving;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.wire.OneLine;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides how a transaction ends that a crash interrupted, by asking every replica. One that was
 * committed, or whose target all replicas serve, is finished; any other is undone. The catch-up of
 * each replica then carries it out. A replica that may have been left in the middle of a load must
 * load before it is resumed, whatever version it reports.
 */
final class Recovery {
  private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

  private final Replicas replicas;
  private final Parallel parallel;

  Recovery(Replicas replicas, Parallel parallel) {
    this.replicas = replicas;
    this.parallel = parallel;
  }

  /**
   * The weights that all replicas are to serve.
   *
   * @throws FleetException if the transaction must be undone, and what was served before it is not
   *     known
   */
  Target decide(TransactionJournal.Open open) throws InterruptedException {
    Target target = open.target();
    Map<Replica, Serving> answers = new ConcurrentHashMap<>();
    parallel.forEach(replicas.all(), replica -> ask(replica, target, answers));
    boolean all =
        answers.size() == replicas.all().size()
            && answers.entrySet().stream().allMatch(e -> serves(e.getKey(), e.getValue(), target));
    boolean finish = open.committed() || all;
    answers.forEach((replica, serving) -> mark(replica, serving, target));
    List<String> served =
        answers.entrySet().stream()
            .map(e -> "%s serves %s".formatted(e.getKey().url(), e.getValue().inWords()))
            .sorted()
            .toList();
    LOG.warn(
        "the update to version {} was interrupted{}; it is {}: {}",
        target.version(),
        open.committed() ? " after its commit" : "",
        finish ? "finished" : "undone",
        String.join(", ", served));
    Optional<Target> before = open.previous();
    if (!finish && before.isEmpty()) {
      throw new FleetException(
          "the interrupted update to version %d must be undone, and the version before it is not known: update every server by hand: %s"
              .formatted(target.version(), String.join(", ", served)));
    }
    return finish ? target : before.orElseThrow();
  }

  private static void ask(Replica replica, Target target, Map<Replica, Serving> answers) {
    try {
      answers.put(replica, replica.probe(target.version()));
    } catch (AdminException e) {
      LOG.warn("server {} cannot be asked: {}", replica.url(), OneLine.of(e));
    }
  }

  private static boolean serves(Replica replica, Serving serving, Target target) {
    return serving.name().filter(replica.dialect().nameOf(target)::equals).isPresent();
  }

  /** A program that loads while it is paused is trusted if it acknowledged, or is not paused. */
  private void mark(Replica replica, Serving serving, Target target) {
    boolean loads = !replica.dialect().capabilities().prepares();
    boolean running = serving.paused().filter(paused -> !paused).isPresent();
    boolean suspect = loads && !running && !serves(replica, serving, target);
    var _ =
        replicas.read(
            _ -> {
              replica.life().suspect(suspect);
              return suspect;
            });
  }
}
