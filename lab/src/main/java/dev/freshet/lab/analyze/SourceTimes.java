package dev.freshet.lab.analyze;

import dev.freshet.lab.analyze.read.Stamp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The times in the prefixes of all logs on one axis: that of the log with most client lines.
 * Another log's difference is estimated from the traces that both have, as clocks are; a trainer's,
 * which has no traces, from the steps that were awaited, in whole quarters of an hour, since
 * nothing but a time zone can be told that way.
 */
final class SourceTimes {
  private static final double SLACK_MS = 50;
  private static final double QUARTER_MS = 900_000;

  private final double[] shifts;
  private final List<String> notes = new ArrayList<>();

  SourceTimes(
      List<Call> calls, List<Seen.Write> writes, List<Seen.Wait> waits, List<String> names) {
    shifts = new double[names.size()];
    Map<Integer, Interval> intervals = new HashMap<>();
    for (Call call : calls) {
      if (call.clientSource >= 0 && call.serverSource >= 0 && !call.clientFailed) {
        Interval interval = intervals.computeIfAbsent(call.serverSource, _ -> new Interval());
        if (call.clientSource != call.serverSource) {
          interval.atMost(call.recvStamp.millis() - call.sendStamp.millis());
          interval.atLeast(call.endStamp.millis() - call.doneStamp.millis());
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
    Map<Double, Stamp> found = new HashMap<>();
    waits.forEach(wait -> found.put(wait.step(), wait.place().stamp()));
    Map<Integer, List<Double>> behind = new HashMap<>();
    for (Seen.Write write : writes) {
      Stamp stamp = found.getOrDefault(write.step(), Stamp.NONE);
      if (stamp.known() && write.place().stamp().known()) {
        behind
            .computeIfAbsent(write.place().source(), _ -> new ArrayList<>())
            .add(write.place().stamp().millis() - stamp.millis());
      }
    }
    behind.forEach(
        (source, differences) -> {
          double median =
              Samples.median(differences.stream().mapToDouble(Double::doubleValue).toArray());
          double zone = Math.rint(median / QUARTER_MS) * QUARTER_MS;
          if (zone != 0 && shifts[source] == 0) {
            shifts[source] = zone;
            notes.add(
                String.format(
                    Locale.ROOT,
                    "The times in %s are taken to be %.2f h %s, as if of another time zone.",
                    names.get(source),
                    Math.abs(zone) / 3_600_000,
                    zone > 0 ? "ahead" : "behind"));
          }
        });
  }

  /** A time on the common axis, in milliseconds; NaN if it is not known. */
  double millis(int source, Stamp stamp) {
    return source < 0 ? Double.NaN : stamp.millis() - shifts[source];
  }

  double millis(Seen.Place place) {
    return millis(place.source(), place.stamp());
  }

  /** When the call was sent; NaN if no line of it has a time. */
  double sentMillis(Call call) {
    if (call.sendStamp.known()) {
      return millis(call.clientSource, call.sendStamp);
    }
    double fromDone = millis(call.clientSource, call.doneStamp) - call.wallMs;
    return Double.isNaN(fromDone) ? millis(call.serverSource, call.recvStamp) : fromDone;
  }

  /** When the call was over; NaN if no line of it has a time. */
  double doneMillis(Call call) {
    if (call.doneStamp.known()) {
      return millis(call.clientSource, call.doneStamp);
    }
    return call.endStamp.known()
        ? millis(call.serverSource, call.endStamp)
        : sentMillis(call) + (call.wallMs >= 0 ? call.wallMs : 0);
  }

  List<String> notes() {
    return notes;
  }
}
