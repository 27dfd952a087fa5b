package dev.freshet.analysis;

import dev.freshet.analysis.read.Stamp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Puts the times of day of all logs on one axis, that of the clients' logs. The offset of a
 * server's log is estimated from the traces that both have, as for clocks. A trainer's log has no
 * traces; its offset follows from the steps that were waited for, in whole quarters of an hour,
 * because only a time zone can be told that way.
 */
final class SourceTimes {
  private static final double SLACK_MS = 50;
  private static final double QUARTER_MS = 900_000;

  private final double[] shifts;
  private final List<Stamp.Date> dates;
  private final List<String> notes = new ArrayList<>();

  /**
   * @param dates how much of the date the times of each log have; a time with less, as in the first
   *     lines of a log, is unknown
   */
  SourceTimes(
      List<AdminCall> calls,
      List<Seen.Write> writes,
      List<Seen.Wait> waits,
      List<String> names,
      List<Stamp.Date> dates) {
    this.shifts = new double[names.size()];
    this.dates = List.copyOf(dates);
    Map<Integer, Interval> intervals = new HashMap<>();
    for (AdminCall call : calls) {
      if (call.clientSource >= 0 && call.serverSource >= 0 && !call.clientFailed) {
        Interval interval = intervals.computeIfAbsent(call.serverSource, _ -> new Interval());
        if (call.clientSource != call.serverSource) {
          interval.atMost(
              millis(call.serverSource, call.recvStamp)
                  - millis(call.clientSource, call.sendStamp));
          interval.atLeast(
              millis(call.serverSource, call.endStamp) - millis(call.clientSource, call.doneStamp));
        }
      }
    }
    intervals.forEach((source, interval) -> relate(source, interval, names));
    zones(writes, waits, names);
  }

  private void relate(int source, Interval interval, List<String> names) {
    if (interval.bounded() && interval.holds(SLACK_MS) && !interval.contains(0, SLACK_MS)) {
      shifts[source] = interval.middle();
      notes.add(
          String.format(
              Locale.ROOT,
              "The times in %s are %.3f s %s those of its client's log, ± %.0f ms.",
              names.get(source),
              Math.abs(interval.middle()) / 1000,
              interval.middle() > 0 ? "ahead of" : "behind",
              interval.halfWidth()));
    }
  }

  private void zones(List<Seen.Write> writes, List<Seen.Wait> waits, List<String> names) {
    Map<Double, List<Seen.Place>> awaited = new HashMap<>();
    waits.forEach(
        wait -> awaited.computeIfAbsent(wait.step(), _ -> new ArrayList<>()).add(wait.place()));
    Map<Integer, Map<Double, List<Seen.Place>>> written = new HashMap<>();
    writes.forEach(
        write ->
            written
                .computeIfAbsent(write.place().source(), _ -> new HashMap<>())
                .computeIfAbsent(write.step(), _ -> new ArrayList<>())
                .add(write.place()));
    written.forEach(
        (source, steps) -> {
          List<Double> differences = new ArrayList<>();
          steps.forEach(
              (step, places) ->
                  ahead(source, places, awaited.getOrDefault(step, List.of()), differences));
          zone(source, differences, names);
        });
  }

  /**
   * Adds by how much the writes of a step are ahead of the waits for it, in the order of the runs.
   * Skipped if the numbers differ; a wait in the log of the writes has the same clock and is
   * skipped too.
   */
  private void ahead(
      int source, List<Seen.Place> writes, List<Seen.Place> waits, List<Double> differences) {
    if (writes.size() != waits.size()) {
      return;
    }
    for (int i = 0; i < writes.size(); i++) {
      Seen.Place wait = waits.get(i);
      double difference = millis(writes.get(i)) - millis(wait);
      if (wait.source() != source && !Double.isNaN(difference)) {
        differences.add(difference);
      }
    }
  }

  private void zone(int source, List<Double> differences, List<String> names) {
    double median = Samples.median(differences.stream().mapToDouble(Double::doubleValue).toArray());
    double zone = Math.rint(median / QUARTER_MS) * QUARTER_MS;
    if (!Double.isNaN(zone) && zone != 0 && shifts[source] == 0) {
      shifts[source] = zone;
      notes.add(
          String.format(
              Locale.ROOT,
              "The times in %s are treated as %.2f h %s, as from another time zone.",
              names.get(source),
              Math.abs(zone) / 3_600_000,
              zone > 0 ? "ahead" : "behind"));
    }
  }

  /** A time on the common axis, in milliseconds; NaN if unknown. */
  double millis(int source, Stamp stamp) {
    return source < 0 || stamp.date() != dates.get(source)
        ? Double.NaN
        : stamp.millis() - shifts[source];
  }

  double millis(Seen.Place place) {
    return millis(place.source(), place.stamp());
  }

  /** When the call was sent; NaN if no line of it has a time. */
  double sentMillis(AdminCall call) {
    double sent = millis(call.clientSource, call.sendStamp);
    if (!Double.isNaN(sent)) {
      return sent;
    }
    double fromDone = millis(call.clientSource, call.doneStamp) - call.wallMs();
    return Double.isNaN(fromDone) ? millis(call.serverSource, call.recvStamp) : fromDone;
  }

  /** When the call was over; NaN if no line of it has a time. */
  double doneMillis(AdminCall call) {
    double done = millis(call.clientSource, call.doneStamp);
    double ended = Double.isNaN(done) ? millis(call.serverSource, call.endStamp) : done;
    return !Double.isNaN(ended)
        ? ended
        : sentMillis(call) + (call.wallMs() >= 0 ? call.wallMs() : 0);
  }

  List<String> notes() {
    return notes;
  }
}
