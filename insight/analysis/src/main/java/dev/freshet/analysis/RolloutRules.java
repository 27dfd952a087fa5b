package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** Rules about the rollouts: truncated too often, or too stale. */
final class RolloutRules {
  private static final int EXAMPLES = 3;

  private RolloutRules() {}

  /** Too many completions are truncated by the token limit. */
  static Optional<Finding> truncation(Facts facts) {
    double[] truncated = facts.quality.stream().mapToDouble(Seen.Quality::truncPct).toArray();
    return Effect.of(truncated, facts.ranges.of(LogMetric.TRUNCATION))
        .map(
            effect -> {
              List<String> evidence = new ArrayList<>();
              evidence.add(
                  Text.of(
                      "%d of %d batches have too many truncated completions, median %.1f %%.",
                      effect.bad(), effect.n(), effect.badMedian()));
              evidence.addAll(examples(facts, Seen.Quality::truncPct, "%s: trunc_pct %.1f (%s)"));
              return new Finding(
                  Signature.ROLLOUT_QUALITY,
                  effect.severity(),
                  effect.confidence().agrees().value(),
                  Text.of(
                      "%s of batches have too many truncated completions, median %.1f %%",
                      Text.percent(effect.share()), effect.badMedian()),
                  evidence,
                  "Completions end at the token limit: raise max_tokens, or find out why the policy does"
                      + " not stop (a stop string that is never met, a reward that favours length).");
            });
  }

  /** Rollouts staler than the bound, or at the bound while the pipeline was blocked. */
  static Optional<Finding> staleness(Facts facts) {
    double[] staleness = facts.quality.stream().mapToDouble(Seen.Quality::staleness).toArray();
    Optional<Finding> over =
        Effect.of(staleness, facts.ranges.staleness()).map(effect -> over(facts, effect));
    return over.isPresent() ? over : atBound(facts);
  }

  private static Finding over(Facts facts, Effect effect) {
    List<String> evidence = new ArrayList<>();
    evidence.add(
        Text.of(
            "%d of %d batches are over %s, by a median of %.0f.",
            effect.bad(),
            effect.n(),
            facts.asyncLevel,
            effect.badMedian() - facts.asyncLevel.steps()));
    evidence.add(waitedFor(facts));
    evidence.addAll(examples(facts, Seen.Quality::staleness, "%s: staleness %.0f (%s)"));
    Confidence confidence = effect.confidence();
    return new Finding(
        Signature.STALENESS,
        effect.severity(),
        (facts.asyncLevel.isKnown() ? confidence.agrees() : confidence.contradicts()).value(),
        Text.of(
            "%s of batches are staler than async_level %d%s: median staleness %.0f",
            Text.percent(effect.share()),
            facts.asyncLevel.steps(),
            facts.asyncLevel.isKnown() ? "" : " (assumed)",
            effect.badMedian()),
        evidence,
        "Weights reach the servers too late or too seldom: check what the updates wait for, bound the"
            + " rollouts in flight, and drop those that are too old."
            + (facts.asyncLevel.isKnown()
                ? ""
                : " Set the bound with --async-level; the logs do not have it."));
  }

  private static Optional<Finding> atBound(Facts facts) {
    List<Seen.Quality> at =
        facts.quality.stream().filter(q -> q.staleness() == facts.asyncLevel.steps()).toList();
    long known = facts.quality.stream().filter(q -> !Double.isNaN(q.staleness())).count();
    boolean stood = facts.waits.isEmpty() || facts.stats(LogMetric.WAIT).bad() >= Effect.SHARE;
    if (!facts.asyncLevel.isKnown()
        || facts.asyncLevel.steps() == 0
        || at.size() < Math.max(1, Effect.SHARE * known)
        || !stood) {
      return Optional.empty();
    }
    double share = (double) at.size() / known;
    return Optional.of(
        new Finding(
            Signature.STALENESS,
            Severity.GOOD,
            Confidence.of(share, 1, at.size()).value(),
            Text.of("%s of batches are at %s", Text.percent(share), facts.asyncLevel),
            List.of(
                Text.of("%d of %d batches are at the bound, none over it.", at.size(), known),
                waitedFor(facts),
                Text.of(
                    "%s: staleness %.0f (%s)",
                    Text.step(at.getFirst().step()),
                    at.getFirst().staleness(),
                    facts.at(at.getFirst().place()))),
            "The barrier holds generation back, as it should; if that costs too much, make the trainer or"
                + " the updates faster, or allow a higher async_level."));
  }

  /** What the barrier waited for. */
  private static String waitedFor(Facts facts) {
    Stats wait = facts.stats(LogMetric.WAIT);
    Stats wall = facts.stats(LogMetric.WALL);
    if (wait.count() == 0 && wall.count() == 0) {
      return "What it waited for is unknown: no [ckpt] wait.done and no client.done line.";
    }
    String weights =
        wait.count() == 0
            ? "how long the pipeline waited is unknown"
            : Text.of(
                "the pipeline waited for weights for a median of %s (p95 %s)",
                Text.ms(wait.p50()), Text.ms(wait.p95()));
    String updates =
        wall.count() == 0
            ? "no update was timed"
            : Text.of("an update took a median of %s", Text.ms(wall.p50()));
    return Text.of("What it waited for: %s; %s.", weights, updates);
  }

  private static List<String> examples(
      Facts facts, ToDoubleFunction<Seen.Quality> figure, String format) {
    return facts.quality.stream()
        .filter(q -> !Double.isNaN(figure.applyAsDouble(q)))
        .sorted(Comparator.comparingDouble(figure).reversed())
        .limit(EXAMPLES)
        .map(
            q -> Text.of(format, Text.step(q.step()), figure.applyAsDouble(q), facts.at(q.place())))
        .toList();
  }
}
