package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All calls that are kept, by time. */
final class TracedCalls {
  private TracedCalls() {}

  static List<TracedCall> of(Facts facts) {
    Map<Long, Integer> attempts = new HashMap<>();
    List<TracedCall> calls = new ArrayList<>();
    SentTimes sent = new SentTimes(facts.all, facts.times);
    for (AdminCall call : facts.all) {
      calls.add(
          of(
              facts,
              call,
              sent.millis(call),
              attempts.merge(call.trace.bits(), 1, Integer::sum) - 1));
    }
    calls.sort(Comparator.comparingDouble(TracedCall::millis));
    return calls;
  }

  private static TracedCall of(Facts facts, AdminCall call, double millis, int attempt) {
    boolean client = call.clientSource >= 0;
    boolean server = call.serverSource >= 0;
    return new TracedCall(
        call.id(),
        attempt,
        call.op.isEmpty() ? call.target.substring(call.target.lastIndexOf('/') + 1) : call.op,
        call.phase,
        end(call),
        call.error,
        call.step,
        call.target,
        server ? facts.names.get(call.serverSource) : "",
        client
            ? facts.at(call.clientSource, call.clientLine)
            : facts.at(call.serverSource, call.serverLine),
        client,
        server,
        millis,
        call.allParts(),
        gapMs(facts, call),
        facts.inflight(call));
  }

  private static TracedCall.End end(AdminCall call) {
    if (call.failed()) {
      return TracedCall.End.FAILED;
    }
    return call.done || call.ended ? TracedCall.End.SUCCEEDED : TracedCall.End.UNFINISHED;
  }

  private static double gapMs(Facts facts, AdminCall call) {
    double measured = call.measuredGapMs();
    return Double.isNaN(measured) ? facts.clocks.gapMs(call).orElse(Double.NaN) : measured;
  }
}
