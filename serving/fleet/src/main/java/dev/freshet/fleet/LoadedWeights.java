package dev.freshet.fleet;

import dev.freshet.client.AdminException;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the weights that replicas have loaded, by the checksums of their tensors where the
 * program computes them. Replicas with the same names of tensors are compared, those with another
 * layout of workers are not.
 *
 * <p>A replica whose weights differ from those of most others loads them again. If it then has the
 * same ones, it keeps them: kernels of other hardware lay out weights differently. Thread-safe.
 */
final class LoadedWeights {
  private static final Logger LOG = LoggerFactory.getLogger(LoadedWeights.class);
  private static final int NAMED = 3;

  private final Replicas replicas;
  private final Parallel parallel;
  private final Duration deadline;
  private final Map<Set<String>, SortedMap<String, String>> right = new HashMap<>();
  private final Map<Replica, Found> found = new HashMap<>();
  private long version = -1;

  /** What a replica had after its newest load. */
  private record Found(long version, SortedMap<String, String> checksums) {}

  /**
   * @param deadline of the computation of all checksums of a replica
   */
  LoadedWeights(Replicas replicas, Parallel parallel, Duration deadline) {
    this.replicas = replicas;
    this.parallel = parallel;
    this.deadline = deadline;
  }

  /**
   * Compares the serving replicas after a commit; one that differs is set aside, to load again.
   *
   * @return a sentence for each replica of which there is something to say
   */
  Map<Replica, String> compare(long committed) throws InterruptedException {
    Map<Replica, SortedMap<String, String>> answers = new ConcurrentHashMap<>();
    Map<Replica, String> notes = new ConcurrentHashMap<>();
    parallel.forEach(
        replicas.in(ReplicaState.SERVING),
        replica -> {
          try {
            replica.checksums(deadline).ifPresent(sums -> answers.put(replica, sums));
          } catch (AdminException e) {
            notes.put(replica, "its weights were not compared: " + OneLine.of(e));
          }
        });
    synchronized (this) {
      begin(committed);
      Map<Replica, SortedMap<String, String>> ordered = new LinkedHashMap<>();
      replicas.all().stream()
          .filter(answers::containsKey)
          .forEach(replica -> ordered.put(replica, answers.get(replica)));
      ordered.values().forEach(sums -> right.computeIfAbsent(names(sums), k -> most(k, ordered)));
      ordered.forEach(
          (replica, sums) -> judge(replica, sums).ifPresent(n -> notes.put(replica, n)));
    }
    return notes;
  }

  private void begin(long next) {
    if (next != version) {
      right.clear();
      version = next;
    }
  }

  private static Set<String> names(SortedMap<String, String> checksums) {
    return new HashSet<>(checksums.keySet());
  }

  /** The checksums that most replicas have; of equally many those of the first replica. */
  private static SortedMap<String, String> most(
      Set<String> names, Map<Replica, SortedMap<String, String>> answers) {
    List<SortedMap<String, String>> all =
        answers.values().stream().filter(sums -> names.equals(names(sums))).toList();
    Map<SortedMap<String, String>, Long> counts =
        all.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    return all.stream()
        .max(
            Comparator.comparingLong(
                (SortedMap<String, String> sums) -> counts.getOrDefault(sums, 0L)))
        .orElseThrow();
  }

  private Optional<String> judge(Replica replica, SortedMap<String, String> sums) {
    Found before = found.getOrDefault(replica, new Found(version, sums));
    Optional<String> differs = differs(replica, sums);
    differs.ifPresent(
        why ->
            replicas.suspect(
                replica, ReplicaState.QUARANTINED, why + "; the fleet loads them again"));
    if (differs.isEmpty() && before.version() != version && before.checksums().equals(sums)) {
      String unchanged =
          "its weights are those of version %d: the load had no effect, or the checkpoints are equal"
              .formatted(before.version());
      LOG.warn("server {}: {}", replica.url(), unchanged);
      return Optional.of(unchanged);
    }
    return differs;
  }

  /**
   * Compares a replica that has loaded {@code current} in a catch-up.
   *
   * @return why it must load again
   */
  Optional<String> differs(Replica replica, long current) {
    try {
      Optional<SortedMap<String, String>> sums = replica.checksums(deadline);
      synchronized (this) {
        begin(current);
        return sums.flatMap(s -> differs(replica, s));
      }
    } catch (AdminException e) {
      LOG.warn("server {}: its weights were not compared: {}", replica.url(), OneLine.of(e));
      return Optional.empty();
    }
  }

  private Optional<String> differs(Replica replica, SortedMap<String, String> sums) {
    SortedMap<String, String> expected = right.computeIfAbsent(names(sums), _ -> sums);
    Optional<Found> before = Optional.ofNullable(found.put(replica, new Found(version, sums)));
    if (sums.equals(expected)) {
      return Optional.empty();
    }
    List<String> tensors =
        sums.entrySet().stream()
            .filter(sum -> !sum.getValue().equals(expected.get(sum.getKey())))
            .map(Map.Entry::getKey)
            .toList();
    String what =
        "%d of %d tensors of version %d have other checksums than on other servers, such as %s"
            .formatted(
                tensors.size(),
                sums.size(),
                version,
                tensors.stream().limit(NAMED).collect(Collectors.joining(", ")));
    if (before.filter(new Found(version, sums)::equals).isPresent()) {
      LOG.warn(
          "server {}: {}, also after it loaded them again: it keeps them", replica.url(), what);
      return Optional.empty();
    }
    return Optional.of(what);
  }
}
