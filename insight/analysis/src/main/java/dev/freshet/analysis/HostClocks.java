package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * The offsets between the monotonic clocks of servers and their clients. A request is received
 * after it is sent, and its answer arrives after it was sent, so each call bounds the offset from
 * both sides, as in NTP. The tightest bounds of {@link #WINDOW} calls are used, which limits the
 * effect of drift. If an offset of zero is within the bounds, the two clocks are treated as one.
 */
final class HostClocks {
  private static final int WINDOW = 64;
  private static final double SLACK_S = 0.0002;
  private static final double USABLE_S = 0.1;

  /** The client's log and run, the server's, and a window of their calls. */
  private record Pair(
      int clientSource, int clientEpoch, int serverSource, int serverEpoch, int window) {}

  private final Map<Pair, Interval> offsets = new LinkedHashMap<>();
  private final Map<AdminCall, Pair> pairs = new HashMap<>();

  HostClocks(List<AdminCall> calls) {
    Map<Pair, Integer> counts = new HashMap<>();
    for (AdminCall call : calls) {
      if (call.sent && call.received) {
        Pair whole =
            new Pair(call.clientSource, call.clientEpoch, call.serverSource, call.serverEpoch, -1);
        int number = counts.merge(whole, 1, Integer::sum) - 1;
        Pair pair =
            new Pair(
                call.clientSource,
                call.clientEpoch,
                call.serverSource,
                call.serverEpoch,
                number / WINDOW);
        pairs.put(call, pair);
        Interval offset = offsets.computeIfAbsent(pair, _ -> new Interval());
        offset.atMost(call.recvT - call.sendT);
        if (call.done && !call.clientFailed) {
          offset.atLeast(call.endT - call.doneT());
        }
      }
    }
  }

  /** From client.send to server.recv, in milliseconds, if the offset is known. */
  OptionalDouble gapMs(AdminCall call) {
    Pair pair = pairs.get(call);
    Interval offset = pair == null ? new Interval() : offsets.getOrDefault(pair, new Interval());
    double between = call.recvT - call.sendT;
    if (Double.isNaN(between) || !offset.bounded() || !offset.holds(SLACK_S)) {
      return OptionalDouble.empty();
    }
    boolean one = offset.contains(0, SLACK_S);
    double gapMs = Math.max(0, (one ? between : between - offset.middle()) * 1000);
    return (one || offset.halfWidth() <= USABLE_S) && gapMs <= AdminCall.MOST_MS
        ? OptionalDouble.of(gapMs)
        : OptionalDouble.empty();
  }

  /** A sentence for every pair of logs. */
  List<String> notes(List<String> names) {
    Map<String, List<Interval>> byLogs = new LinkedHashMap<>();
    offsets.forEach(
        (pair, offset) ->
            byLogs
                .computeIfAbsent(
                    pair.clientSource == pair.serverSource
                        ? "of client and server in " + names.get(pair.clientSource)
                        : "of %s and %s"
                            .formatted(names.get(pair.clientSource), names.get(pair.serverSource)),
                    _ -> new ArrayList<>())
                .add(offset));
    List<String> notes = new ArrayList<>();
    byLogs.forEach((logs, found) -> notes.add("The clocks " + logs + note(found)));
    return notes;
  }

  private static String note(List<Interval> found) {
    int traces = found.stream().mapToInt(Interval::count).sum();
    List<Interval> usable = found.stream().filter(o -> o.bounded() && o.holds(SLACK_S)).toList();
    if (usable.isEmpty()) {
      return " cannot be related: no trace has all of client.send, server.recv, rpc.done and"
          + " client.done in an order that one offset explains.";
    }
    if (usable.stream().allMatch(o -> o.contains(0, SLACK_S))) {
      return " agree and are treated as one (%d traces).".formatted(traces);
    }
    double middle = Samples.median(usable.stream().mapToDouble(Interval::middle).toArray());
    double half = Samples.median(usable.stream().mapToDouble(Interval::halfWidth).toArray());
    return String.format(
        Locale.ROOT,
        " differ: the server's is %.6f s %s, ± %.1f ms (%d traces)%s.",
        Math.abs(middle),
        middle > 0 ? "ahead" : "behind",
        half * 1000,
        traces,
        half > USABLE_S ? ", too imprecise to separate the request from the answer" : "");
  }
}
