package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A slow engine: the operation itself takes long, with any load. If rpc_ms was good at first and
 * rises, the trend is reported instead.
 */
final class EngineReload {
  private static final int EXAMPLES = 3;
  private static final double TOGETHER = 0.5;

  private EngineReload() {}

  static Optional<Finding> judge(Facts facts, boolean risesFromGood) {
    // Updates and reloads have different ranges: each is judged by its own.
    Range update = facts.ranges.update();
    double[] rpc =
        facts.of(
            call -> {
              Range own = call.isReload() ? facts.ranges.reload() : update;
              return own.known() ? scaled(call.rpcMs(), own, update) : Double.NaN;
            });
    return risesFromGood
        ? Optional.empty()
        : Effect.of(rpc, update).map(effect -> finding(facts, effect));
  }

  /** Maps a value from one range to the same place in another. */
  private static double scaled(double value, Range own, Range other) {
    double share = value / own.good();
    double width = (value - own.good()) / (own.critical() - own.good());
    return share < 1
        ? share * other.good()
        : other.good() + width * (other.critical() - other.good());
  }

  private static boolean isBad(Facts facts, AdminCall call) {
    Range own = call.isReload() ? facts.ranges.reload() : facts.ranges.update();
    return call.rpcMs() >= own.good();
  }

  private static Finding finding(Facts facts, Effect effect) {
    List<AdminCall> affected =
        facts.calls.stream()
            .filter(call -> isBad(facts, call))
            .sorted(Comparator.comparingDouble(AdminCall::rpcMs).reversed())
            .toList();
    double rpc = Samples.median(affected.stream().mapToDouble(AdminCall::rpcMs).toArray());
    double queue = Samples.median(affected.stream().mapToDouble(AdminCall::queueMs).toArray());
    List<String> evidence = new ArrayList<>();
    evidence.add(
        Text.of(
            "%d of %d calls have an rpc_ms that is not good, their median %s%s.",
            effect.bad(),
            effect.n(),
            Text.ms(rpc),
            Double.isNaN(queue) ? "; their queue_ms is unknown" : ", queue_ms " + Text.ms(queue)));
    Confidence confidence = effect.confidence();
    if (queue < rpc / 4) {
      confidence.agrees();
    }
    Correlation load = facts.rpcLoad;
    if (load.known() && load.spearman() >= TOGETHER) {
      confidence.contradicts();
      evidence.add(
          Text.of(
              "rpc_ms grows with the completions in flight (Spearman %.2f over %d calls): the load"
                  + " contributes.",
              load.spearman(), load.count()));
    } else if (load.known()) {
      confidence.agrees();
      evidence.add(
          Text.of(
              "rpc_ms does not depend on the completions in flight (Spearman %.2f over %d calls).",
              load.spearman(), load.count()));
    }
    affected.stream().limit(EXAMPLES).map(facts::evidence).forEach(evidence::add);
    return new Finding(
        Signature.ENGINE_RELOAD,
        effect.severity(),
        confidence.value(),
        Text.of(
            "the engine itself takes a median of %s for %s of updates",
            Text.ms(rpc), Text.percent(effect.share())),
        evidence,
        "The engine itself is slow: put checkpoints on faster or local storage, map them instead of"
            + " copying, prepare the update while decoding continues, or send deltas instead of whole weights.");
  }
}
