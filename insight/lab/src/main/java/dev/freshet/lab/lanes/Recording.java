package dev.freshet.lab.lanes;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.Distribution;
import dev.freshet.plots.LabException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * What one server bore in a run, from the run's logs: how many completions were in flight when, and
 * when it was updated. Of a fleet it is the server that was updated most often, with its even share
 * of the completions.
 *
 * @param loads by time
 * @param updates by time; at least one
 * @param servers that were updated in the run
 */
public record Recording(List<Load> loads, List<Update> updates, int servers) {
  private static final double NANOS_PER_MS = 1e6;

  /** From {@code offsetNanos} after the recording's beginning on, {@code streams} completions. */
  public record Load(long offsetNanos, int streams) {}

  /**
   * An update that succeeded. Milliseconds; NaN where the logs do not say.
   *
   * @param offsetNanos when it was sent, after the recording's beginning
   */
  public record Update(long offsetNanos, double queueMs, double rpcMs, double wallMs) {}

  public Recording {
    loads = List.copyOf(loads);
    updates = List.copyOf(updates);
  }

  /**
   * From a run's logs.
   *
   * @param from where it begins, after the logs' first load or update
   * @param most how long it is at most
   * @throws LabException if the logs do not say when how many were in flight, or when updates were
   */
  public static Recording of(Analysis analysis, Duration from, Optional<Duration> most) {
    List<Analysis.Update> timed =
        analysis.updates().stream().filter(u -> Double.isFinite(u.millis())).toList();
    if (timed.isEmpty()) {
      throw new LabException(
          "no update with a time in these logs: expected client.send or client.done lines whose"
              + " prefix has the time of day");
    }
    if (analysis.loads().isEmpty()) {
      throw new LabException(
          "no completions in flight in these logs: expected [gen] lines with inflight= whose prefix"
              + " has the time of day");
    }
    Map<String, List<Analysis.Update>> servers =
        timed.stream().collect(Collectors.groupingBy(Analysis.Update::server));
    List<Analysis.Update> busiest =
        servers.values().stream().max(Comparator.comparingInt(List::size)).orElseThrow();
    double begin =
        Math.min(timed.getFirst().millis(), analysis.loads().getFirst().millis()) + from.toMillis();
    double end = most.map(length -> begin + length.toMillis()).orElse(Double.POSITIVE_INFINITY);
    Recording recording =
        new Recording(
            loads(analysis.loads(), begin, end, servers.size()),
            busiest.stream()
                .filter(update -> update.millis() >= begin && update.millis() < end)
                .map(update -> update(update, begin))
                .toList(),
            servers.size());
    if (recording.updates().isEmpty()) {
      throw new LabException(
          "no update from %d s on%s: expected one at least"
              .formatted(
                  from.toSeconds(),
                  most.map(length -> " within %d s".formatted(length.toSeconds())).orElse("")));
    }
    return recording;
  }

  private static List<Load> loads(List<Analysis.Load> all, double begin, double end, int servers) {
    double mostSeen = all.stream().mapToDouble(Analysis.Load::inflight).max().orElse(0);
    List<Load> loads = new ArrayList<>();
    int atBegin = 0;
    for (Analysis.Load load : all) {
      int share = (int) Math.ceil(inflight(load, mostSeen) / servers);
      if (load.millis() <= begin) {
        atBegin = share;
      } else if (load.millis() < end) {
        loads.add(new Load(nanos(load.millis() - begin), share));
      }
    }
    loads.addFirst(new Load(0, atBegin));
    return loads;
  }

  /**
   * How many were in flight from then on. Logs tell it where a batch begins and ends; a batch that
   * begins with none has at once as many as the logs have at most, but no more than it collects.
   */
  private static double inflight(Analysis.Load load, double mostSeen) {
    if (load.inflight() > 0 || !(load.targetBatch() > 0)) {
      return load.inflight();
    }
    return mostSeen > 0 ? Math.min(mostSeen, load.targetBatch()) : load.targetBatch();
  }

  private static Update update(Analysis.Update update, double begin) {
    return new Update(
        nanos(update.millis() - begin), update.queueMs(), update.rpcMs(), update.wallMs());
  }

  private static long nanos(double millis) {
    return Math.round(millis * NANOS_PER_MS);
  }

  /** The same in another time: twice as fast at {@code speed} 2. */
  public Recording at(double speed) {
    return new Recording(
        loads.stream()
            .map(load -> new Load(Math.round(load.offsetNanos() / speed), load.streams()))
            .toList(),
        updates.stream()
            .map(
                update ->
                    new Update(
                        Math.round(update.offsetNanos() / speed),
                        update.queueMs(),
                        update.rpcMs(),
                        update.wallMs()))
            .toList(),
        servers);
  }

  /** The most completions that were in flight. */
  public int most() {
    return loads.stream().mapToInt(Load::streams).max().orElse(0);
  }

  /** From the beginning to the last load or update. */
  public Duration length() {
    return Duration.ofNanos(
        Math.max(updates.getLast().offsetNanos(), loads.getLast().offsetNanos()));
  }

  /** The queue_ms that the logs have. */
  public Distribution queueMs() {
    return of(Update::queueMs);
  }

  /** Their rpc_ms. */
  public Distribution rpcMs() {
    return of(Update::rpcMs);
  }

  /** Their wall_ms. */
  public Distribution wallMs() {
    return of(Update::wallMs);
  }

  private Distribution of(ToDoubleFunction<Update> figure) {
    return Distribution.of(
        updates.stream()
            .map((Function<Update, Double>) figure::applyAsDouble)
            .filter(Double::isFinite)
            .toList());
  }
}
