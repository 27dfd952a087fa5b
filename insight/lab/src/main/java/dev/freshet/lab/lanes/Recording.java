package dev.freshet.lab.lanes;

import dev.freshet.analysis.Analysis;
import dev.freshet.analysis.Distribution;
import dev.freshet.lab.LabException;
import dev.freshet.trace.UpdatePart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * The load of one server in a run, from the run's logs: completions in flight and updates over
 * time. Of a fleet it is the server with the most updates, with an even share of the completions.
 *
 * @param loads in order of time
 * @param updates in order of time; at least one
 * @param servers the number of servers updated in the run
 */
public record Recording(List<Load> loads, List<Update> updates, int servers) {
  private static final double NANOS_PER_MS = 1e6;

  /** {@code streams} completions in flight, from {@code offsetNanos} after the beginning on. */
  public record Load(long offsetNanos, int streams) {}

  /**
   * An update that succeeded. Durations are milliseconds; NaN if the logs have none.
   *
   * @param offsetNanos when it was sent, after the recording's beginning
   */
  public record Update(long offsetNanos, double queueMs, double rpcMs, double wallMs) {}

  public Recording {
    loads = List.copyOf(loads);
    updates = List.copyOf(updates);
  }

  /**
   * The recording of a run's logs.
   *
   * @param from its beginning, after the logs' first load or update
   * @param maxLength its maximum length
   * @throws LabException if the logs have no load or no update with a time
   */
  public static Recording of(Analysis analysis, Duration from, Optional<Duration> maxLength) {
    List<Analysis.Update> timed =
        analysis.updates().stream().filter(u -> Double.isFinite(u.millis())).toList();
    if (timed.isEmpty()) {
      throw new LabException(
          "no update with a time in these logs; expected client.send or client.done lines whose"
              + " prefix has the time of day");
    }
    if (analysis.loads().isEmpty()) {
      throw new LabException(
          "no completions in flight in these logs; expected [gen] lines with inflight= whose prefix"
              + " has the time of day");
    }
    Map<String, List<Analysis.Update>> servers =
        timed.stream().collect(Collectors.groupingBy(Analysis.Update::server));
    List<Analysis.Update> busiest =
        servers.values().stream().max(Comparator.comparingInt(List::size)).orElseThrow();
    double begin =
        Math.min(timed.getFirst().millis(), analysis.loads().getFirst().millis()) + from.toMillis();
    double end =
        maxLength.map(length -> begin + length.toMillis()).orElse(Double.POSITIVE_INFINITY);
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
          "no update from %d s on%s; expected at least one"
              .formatted(
                  from.toSeconds(),
                  maxLength
                      .map(length -> " within %d s".formatted(length.toSeconds()))
                      .orElse("")));
    }
    return recording;
  }

  private static List<Load> loads(List<Analysis.Load> all, double begin, double end, int servers) {
    double maxInflight = all.stream().mapToDouble(Analysis.Load::inflight).max().orElse(0);
    List<Load> loads = new ArrayList<>();
    int atBegin = 0;
    for (Analysis.Load load : all) {
      int share = (int) Math.ceil(inflight(load, maxInflight) / servers);
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
   * Completions in flight from a load on. Logs have the number where a batch begins and ends. A
   * batch that begins with none is taken to have the logs' maximum at once, but no more than its
   * target.
   */
  private static double inflight(Analysis.Load load, double maxInflight) {
    if (load.inflight() > 0 || !(load.targetBatch() > 0)) {
      return load.inflight();
    }
    return maxInflight > 0 ? Math.min(maxInflight, load.targetBatch()) : load.targetBatch();
  }

  private static Update update(Analysis.Update update, double begin) {
    return new Update(
        nanos(update.millis() - begin), update.queueMs(), update.rpcMs(), update.wallMs());
  }

  private static long nanos(double millis) {
    return Math.round(millis * NANOS_PER_MS);
  }

  /** This recording at another speed: twice as fast at {@code speed} 2. */
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

  /** The maximum of completions in flight. */
  public int maxStreams() {
    return loads.stream().mapToInt(Load::streams).max().orElse(0);
  }

  /** From its beginning to the last load or update. */
  public Duration length() {
    return Duration.ofNanos(
        Math.max(updates.getLast().offsetNanos(), loads.getLast().offsetNanos()));
  }

  /** The queue_ms, rpc_ms and wall_ms in the logs. */
  Map<UpdatePart, Distribution> figures() {
    Map<UpdatePart, Distribution> figures = new LinkedHashMap<>();
    figures.put(UpdatePart.QUEUE, of(Update::queueMs));
    figures.put(UpdatePart.RPC, of(Update::rpcMs));
    figures.put(UpdatePart.WALL, of(Update::wallMs));
    return figures;
  }

  private Distribution of(ToDoubleFunction<Update> figure) {
    return Distribution.of(
        updates.stream()
            .map((Function<Update, Double>) figure::applyAsDouble)
            .filter(Double::isFinite)
            .toList());
  }
}
