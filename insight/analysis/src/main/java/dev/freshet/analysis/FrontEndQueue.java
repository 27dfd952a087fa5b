package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The front-end queue: an update waits long before the engine, which is then fast. queue_ms is not
 * good, and is critical or at least half of rpc_ms.
 */
final class FrontEndQueue {
  private static final int EXAMPLES = 3;
  private static final double TOGETHER = 0.3;

  private final Facts facts;
  private final List<AdminCall> affected;
  private final List<String> evidence = new ArrayList<>();

  private FrontEndQueue(Facts facts, List<AdminCall> affected) {
    this.facts = facts;
    this.affected = affected;
  }

  static Optional<Finding> judge(Facts facts) {
    Range range = facts.ranges.queue();
    List<AdminCall> affected =
        facts.calls.stream()
            .filter(call -> !range.isGood(call.queueMs()) && !Double.isNaN(call.queueMs()))
            .filter(call -> isQueue(call, range))
            .sorted(Comparator.comparingDouble(AdminCall::queueMs).reversed())
            .toList();
    double[] queues =
        facts.of(call -> range.isGood(call.queueMs()) || isQueue(call, range) ? call.queueMs() : 0);
    return Effect.of(queues, range)
        .map(effect -> new FrontEndQueue(facts, affected).finding(effect));
  }

  private static boolean isQueue(AdminCall call, Range range) {
    double rpc = call.rpcMs();
    return range.isCritical(call.queueMs()) || !(call.queueMs() < rpc / 2);
  }

  private Finding finding(Effect effect) {
    double rpc = Samples.median(affected.stream().mapToDouble(AdminCall::rpcMs).toArray());
    evidence.add(
        Text.of(
            "%d of %d calls have a queue_ms that is not good: median %s, compared to %s.",
            effect.bad(),
            effect.n(),
            Text.ms(effect.badMedian()),
            Double.isNaN(rpc) ? "an unknown rpc_ms" : "an rpc_ms of " + Text.ms(rpc)));
    Confidence confidence = effect.confidence();
    if (effect.badMedian() < 2 * rpc) {
      confidence.contradicts();
    }
    String advice = place(confidence, effect.badMedian());
    load(confidence);
    affected.stream().limit(EXAMPLES).map(facts::evidence).forEach(evidence::add);
    return new Finding(
        Signature.FRONT_END_QUEUE,
        effect.severity(),
        confidence.value(),
        Text.of(
            "%s of updates spend a median of %s outside the engine's work%s",
            Text.percent(effect.share()),
            Text.ms(effect.badMedian()),
            Double.isNaN(rpc) ? "" : " of " + Text.ms(rpc)),
        evidence,
        advice);
  }

  /** Adds the evidence of where the time was spent; returns the advice. */
  private String place(Confidence confidence, double queueMs) {
    double there =
        Samples.median(
            affected.stream().mapToDouble(call -> there(call).orElse(Double.NaN)).toArray());
    double handler = Samples.median(affected.stream().mapToDouble(AdminCall::handlerMs).toArray());
    if (handler > queueMs / 2) {
      confidence.contradicts();
      evidence.add(
          Text.of(
              "Of this, %s are spent in the server, between server.recv and rpc.start.",
              Text.ms(handler)));
      return "The request arrives in time and then waits in the server's handler: look for a lock or"
          + " another operation that it queues behind, and give admin operations a worker of their own.";
    }
    if (Double.isNaN(there)) {
      evidence.add(
          "Where the time was spent is unknown: no server.recv, or clocks that cannot be related.");
    } else if (there > queueMs / 2) {
      confidence.agrees();
      evidence.add(
          Text.of(
              "A median of %s passes from client.send to server.recv: the request does not get to"
                  + " the server.",
              Text.ms(there)));
    } else {
      confidence.contradicts();
      evidence.add(
          Text.of(
              "Only a median of %s passes from client.send to server.recv: the time is spent on the"
                  + " way of the answer.",
              Text.ms(there)));
      return "The engine is done long before the client knows: look for a client that is too busy to"
          + " read the answer, and send admin calls from a thread and a connection of their own.";
    }
    return "Send admin calls on an admin lane: a fresh connection each, outside the pool that"
        + " streams hold, to a listener with its own accept queue and event loop.";
  }

  /**
   * From client.send to server.recv by the clocks, else as the client measured it, else by times of
   * day.
   */
  private OptionalDouble there(AdminCall call) {
    OptionalDouble gap = facts.clocks.gapMs(call);
    double counted = call.measuredGapMs();
    if (gap.isPresent() || !Double.isNaN(counted)) {
      return gap.isPresent() ? gap : OptionalDouble.of(counted);
    }
    double stamps = call.recvStamp.millis() - call.sendStamp.millis();
    return call.recvStamp.zoned() && call.sendStamp.zoned() && stamps >= 0
        ? OptionalDouble.of(stamps)
        : OptionalDouble.empty();
  }

  private void load(Confidence confidence) {
    double[] inflight =
        affected.stream().mapToDouble(facts::inflight).filter(v -> !Double.isNaN(v)).toArray();
    if (inflight.length == 0) {
      evidence.add("The load at the time is unknown: no [gen] line before the calls.");
      return;
    }
    Correlation load = facts.queueLoad;
    if (Arrays.stream(inflight).allMatch(v -> v == 0)) {
      confidence.contradicts();
      evidence.add("No completion was in flight, so streams are not the cause.");
    } else if (load.known() && load.spearman() >= TOGETHER) {
      confidence.agrees();
      evidence.add(
          Text.of(
              "queue_ms grows with the completions in flight (Spearman %.2f over %d calls).",
              load.spearman(), load.count()));
    } else {
      evidence.add(
          Text.of("A median of %.0f completions was in flight.", Samples.median(inflight)));
    }
  }
}
