package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Slow checkpoints: writing takes long (the disk), or waiting takes long for another reason. In the
 * second case the times of write.done and wait.done tell whether the checkpoint was there unnoticed
 * or came late.
 */
final class CheckpointIo {
  private static final int EXAMPLES = 3;

  /** An offset between the clocks of two logs that may go unnoticed. */
  private static final double SLACK_MS = 100;

  private CheckpointIo() {}

  /** Writing takes long. */
  static Optional<Finding> write(Facts facts) {
    double[] writes = facts.writes.stream().mapToDouble(Seen.Write::writeMs).toArray();
    return Effect.of(writes, facts.ranges.of(LogMetric.WRITE))
        .map(effect -> written(facts, effect));
  }

  private static Finding written(Facts facts, Effect effect) {
    List<String> evidence = new ArrayList<>();
    evidence.add(
        Text.of(
            "%d of %d checkpoints took long to write, median %s.",
            effect.bad(), effect.n(), Text.ms(effect.badMedian())));
    Confidence confidence = effect.confidence();
    double wait = Samples.median(facts.waits.stream().mapToDouble(Seen.Wait::waitMs).toArray());
    if (!Double.isNaN(wait)) {
      evidence.add(Text.of("The pipeline waited for weights for a median of %s.", Text.ms(wait)));
    }
    facts.writes.stream()
        .sorted(Comparator.comparingDouble(Seen.Write::writeMs).reversed())
        .limit(EXAMPLES)
        .map(
            write ->
                Text.of(
                    "%s: write_ms %.1f (%s)",
                    Text.step(write.step()), write.writeMs(), facts.at(write.place())))
        .forEach(evidence::add);
    return new Finding(
        Signature.CHECKPOINT_WRITE,
        effect.severity(),
        confidence.agrees().value(),
        Text.of(
            "%s of checkpoints take long to write, median %s",
            Text.percent(effect.share()), Text.ms(effect.badMedian())),
        evidence,
        "The disk is the bottleneck: write checkpoints to local or faster storage, in fewer bytes"
            + " (bf16, no optimizer state), or during the next step.");
  }

  /** Waiting takes long, and writing does not explain it or ended long before. */
  static Optional<Finding> await(Facts facts) {
    double[] waits = facts.waits.stream().mapToDouble(Seen.Wait::waitMs).toArray();
    Range range = facts.ranges.of(LogMetric.WAIT);
    double write = Samples.median(facts.writes.stream().mapToDouble(Seen.Write::writeMs).toArray());
    return Effect.of(waits, range)
        .filter(
            effect ->
                write(facts).isEmpty()
                    || effect.badMedian() > 2 * write + range.good()
                    || (oneClock(facts) && isUnseen(facts, effect)))
        .map(effect -> awaited(facts, effect, write));
  }

  private static Finding awaited(Facts facts, Effect effect, double write) {
    List<String> evidence = new ArrayList<>();
    evidence.add(
        Text.of(
            "%d of %d waits for weights were long, median %s; %s.",
            effect.bad(),
            effect.n(),
            Text.ms(effect.badMedian()),
            Double.isNaN(write)
                ? "the write time is unknown, because no log has [ckpt] write.done"
                : "writing takes " + Text.ms(write)));
    Confidence confidence = effect.confidence();
    double unseen = unseenMs(facts);
    String advice;
    if (Double.isNaN(write)) {
      confidence.contradicts();
      advice =
          "Add the trainer's log: its [ckpt] write.done lines tell a slow disk or a slow step from an"
              + " orchestrator that looks in the wrong place.";
    } else if (Double.isNaN(unseen)) {
      advice =
          "Writing is quick, so the orchestrator looks in the wrong place or polls too slowly, or the"
              + " trainer's step is slow: compare the times of write.done and wait.done, which these logs"
              + " do not have.";
    } else if (isUnseen(facts, effect)) {
      confidence.agrees();
      evidence.add(
          Text.of("A checkpoint was there unnoticed for a median of %s.", Text.ms(unseen)));
      advice =
          "The checkpoint is there long before it is found: check that the orchestrator watches the"
              + " directory the trainer writes to, and is notified or polls more often.";
    } else {
      confidence.agrees();
      evidence.add(
          Text.of(
              "A checkpoint was found a median of %s after it was written: it came" + " late.",
              Text.ms(unseen)));
      advice =
          "The pipeline waits for the trainer's step: give the trainer more of the machine,"
              + " make batches smaller, or allow a higher async_level.";
    }
    facts.waits.stream()
        .sorted(Comparator.comparingDouble(Seen.Wait::waitMs).reversed())
        .limit(EXAMPLES)
        .map(
            wait ->
                Text.of(
                    "%s: wait_ms %.1f (%s)",
                    Text.step(wait.step()), wait.waitMs(), facts.at(wait.place())))
        .forEach(evidence::add);
    return new Finding(
        Signature.CHECKPOINT_WAIT,
        effect.severity(),
        confidence.value(),
        Text.of(
            "%s of waits for weights are long, median %s, %s",
            Text.percent(effect.share()),
            Text.ms(effect.badMedian()),
            Double.isNaN(write)
                ? "and no trainer's log shows why"
                : isUnseen(facts, effect)
                    ? "though the checkpoint is there"
                    : "though writing takes " + Text.ms(write)),
        evidence,
        advice);
  }

  /**
   * The median time from write.done to wait.done of the steps with long waits; NaN if unknown. If a
   * step has as many writes as waits, as with several runs, they are paired in order; else the
   * newest write before the wait ended counts.
   */
  private static double unseenMs(Facts facts) {
    Map<Double, List<Double>> written = new HashMap<>();
    facts.writes.forEach(
        write ->
            written
                .computeIfAbsent(write.step(), _ -> new ArrayList<>())
                .add(facts.times.millis(write.place())));
    Map<Double, List<Seen.Wait>> awaited =
        facts.waits.stream().collect(Collectors.groupingBy(Seen.Wait::step));
    List<Double> unseen = new ArrayList<>();
    awaited.forEach(
        (step, waits) -> {
          List<Double> there = written.getOrDefault(step, List.of()).stream().sorted().toList();
          List<Seen.Wait> inTime =
              waits.stream()
                  .sorted(Comparator.comparingDouble(wait -> facts.times.millis(wait.place())))
                  .toList();
          for (int i = 0; i < inTime.size(); i++) {
            double found = facts.times.millis(inTime.get(i).place());
            double begun =
                there.size() == inTime.size() ? there.get(i) : newest(there, found + SLACK_MS);
            if (!facts.ranges.of(LogMetric.WAIT).isGood(inTime.get(i).waitMs())
                && found - begun >= -SLACK_MS) {
              unseen.add(Math.max(0, found - begun));
            }
          }
        });
    return Samples.median(unseen.stream().mapToDouble(Double::doubleValue).toArray());
  }

  private static double newest(List<Double> sorted, double atMost) {
    return sorted.stream().filter(time -> time <= atMost).reduce((_, b) -> b).orElse(Double.NaN);
  }

  /** Whether writes and waits are in the same logs, and so have the same clock. */
  private static boolean oneClock(Facts facts) {
    Set<Integer> waiting =
        facts.waits.stream().map(wait -> wait.place().source()).collect(Collectors.toSet());
    return facts.writes.stream().allMatch(write -> waiting.contains(write.place().source()));
  }

  /** Whether checkpoints were there unnoticed for most of the wait. */
  private static boolean isUnseen(Facts facts, Effect waits) {
    return unseenMs(facts)
        > Math.max(waits.badMedian() / 2, facts.ranges.of(LogMetric.WAIT).good() / 2);
  }
}
