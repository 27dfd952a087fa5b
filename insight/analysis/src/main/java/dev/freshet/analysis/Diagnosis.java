package dev.freshet.analysis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Makes an analysis of a ledger: gathers the facts, applies every rule and writes the verdict and
 * notes.
 */
final class Diagnosis {
  private final Ledger ledger;
  private final Facts facts;
  private final List<Analysis.Input> inputs;
  private final List<String> remarks;

  /**
   * @param growing whether the logs are still written, so that what has no end yet may have one
   * @param remarks notes on the inputs themselves
   */
  Diagnosis(
      Ledger ledger,
      Ranges ranges,
      AsyncLevel asyncLevel,
      boolean growing,
      List<Analysis.Input> inputs,
      List<String> remarks) {
    this.ledger = ledger;
    this.facts = new Facts(ledger, ranges, asyncLevel, growing);
    this.inputs = inputs;
    this.remarks = remarks;
  }

  Analysis analysis() {
    Optional<Trend> trend = RpcTrend.trend(facts);
    List<Finding> findings = findings(trend);
    Analysis.Counts counts = counts();
    boolean empty = inputs.stream().allMatch(input -> input.events() == 0);
    return new Analysis(
        inputs,
        facts.stats,
        facts.ranges,
        facts.asyncLevel.toString(),
        findings,
        empty ? nothing() : Verdict.of(facts, findings, counts),
        notes(findings, counts),
        counts,
        updates(),
        moments(),
        begun(),
        TracedCalls.of(facts),
        facts.loads(),
        List.of(facts.queueLoad, facts.rpcLoad),
        trend,
        facts.fleet,
        facts.shares());
  }

  private List<Finding> findings(Optional<Trend> rpc) {
    Optional<Finding> trend = rpc.flatMap(t -> RpcTrend.judge(facts, t));
    return Stream.of(
            FrontEndQueue.judge(facts),
            EngineReload.judge(
                facts,
                trend.isPresent() && rpc.filter(t -> RpcTrend.beganWell(facts, t)).isPresent()),
            trend,
            CheckpointIo.write(facts),
            CheckpointIo.await(facts),
            Contention.judge(facts),
            RolloutRules.truncation(facts),
            RolloutRules.staleness(facts),
            ReplicaRules.paused(facts),
            ReplicaRules.unknown(facts),
            ReplicaRules.quarantined(facts),
            FleetUpdateRules.slowReplica(facts),
            FleetUpdateRules.versionSkew(facts),
            FleetUpdateRules.rollBack(facts),
            TimeRules.slowerThanItCouldBe(facts))
        .flatMap(Optional::stream)
        .sorted(
            Comparator.comparing(Finding::severity)
                .thenComparingDouble(Finding::confidence)
                .reversed())
        .toList();
  }

  private String nothing() {
    long bytes = inputs.stream().mapToLong(Analysis.Input::bytes).sum();
    String logs = inputs.size() == 1 ? inputs.getFirst().name() : Text.count(inputs.size(), "log");
    return firstMalformed()
        .map(
            first ->
                "Nothing to analyse: no line with a tag in %s can be used. %s"
                    .formatted(logs, first))
        .orElseGet(
            () ->
                Text.of(
                    "Nothing to analyse: no tagged line in %s (%,d bytes); expected lines with"
                        + " [weights][<trace>], [ckpt], [gen], [rollout] or [fleet].",
                    logs, bytes));
  }

  /** The first text with a tag that is no event, and what it lacks. */
  private Optional<String> firstMalformed() {
    return inputs.stream()
        .flatMap(
            input ->
                input.firstMalformed().stream()
                    .map(
                        first ->
                            "The first, %s:%d, is \"%s\"; expected %s."
                                .formatted(
                                    input.name(), first.line(), first.text(), first.expected())))
        .findFirst();
  }

  private Analysis.Counts counts() {
    long failed = facts.all.stream().filter(AdminCall::failed).count() + ledger.settledFailures();
    long unfinished =
        facts.all.stream().filter(call -> !call.failed() && !call.done && !call.ended).count();
    long kept = facts.calls.size();
    long succeeded =
        Math.max(
            Math.max(facts.stats(LogMetric.RPC).count(), facts.stats(LogMetric.WALL).count()),
            kept);
    return new Analysis.Counts(
        succeeded,
        failed,
        unfinished,
        facts.calls.stream().filter(call -> Double.isNaN(call.queueMs())).count());
  }

  private List<String> notes(List<Finding> findings, Analysis.Counts counts) {
    List<String> notes = new ArrayList<>(remarks);
    if (!findings.isEmpty()) {
      Verdict.remarks(facts, findings, counts)
          .forEach(remark -> notes.add("Also, " + remark + "."));
    }
    notes.addAll(facts.clocks.notes(facts.names));
    notes.addAll(facts.times.notes());
    notes.addAll(facts.fleet.interrupted());
    runs(notes);
    calls(notes, counts);
    bounds(notes);
    missing(notes);
    if (!facts.asyncLevel.isKnown() && facts.stats(LogMetric.STALENESS).count() > 0) {
      notes.add("%s; set it with --async-level.".formatted(facts.asyncLevel));
    }
    return notes;
  }

  private void runs(List<String> notes) {
    for (Ledger.Source source : ledger.sources()) {
      if (source.runs() > 1) {
        notes.add(
            "%s has %d runs (a clock or a step goes back); figures cover all of them."
                .formatted(source.name(), source.runs()));
      }
    }
    if (ledger.calls().repeated() + ledger.repeats().repeated() > 0) {
      notes.add(
          Text.of(
              "%s read more than once and counted once.",
              Text.count(ledger.calls().repeated() + ledger.repeats().repeated(), "event")));
    }
    long malformed = inputs.stream().mapToLong(Analysis.Input::malformed).sum();
    if (malformed > 0) {
      notes.add(
          Text.of(
              "%s with a tag could not be used completely: not in the log format, or with"
                  + " impossible figures.%s",
              Text.count(malformed, "line"),
              firstMalformed().map(first -> " " + first).orElse("")));
    }
  }

  private void calls(List<String> notes, Analysis.Counts counts) {
    if (counts.failed() > 0) {
      notes.add(
          Text.of(
              "%s failed; the figures do not include failed calls.",
              Text.count(counts.failed(), "admin call")));
    }
    if (counts.unfinished() > 0) {
      notes.add(
          Text.of(
              "%s without an end: the log is incomplete, or another log is missing.",
              Text.count(counts.unfinished(), "admin call")));
    }
    if (counts.queueUnknown() > 0) {
      notes.add(
          Text.of(
              "queue_ms is unknown for %s: no rpc_ms from the server, or no client.done.",
              Text.count(counts.queueUnknown(), "call")));
    }
  }

  private void bounds(List<String> notes) {
    if (ledger.calls().settledCalls() > 0) {
      notes.add(
          Text.of(
              "Findings and breakdowns are of the newest %,d calls; %,d earlier calls are only in"
                  + " the distributions.",
              CallBook.MOST, ledger.calls().settledCalls()));
    }
    if (ledger.calls().overflowed() || ledger.repeats().isFull()) {
      notes.add("Too many events to recognize all repeats: some may be counted twice.");
    }
    facts.stats.forEach(
        (metric, stats) -> {
          if (!stats.exact()) {
            notes.add(
                Text.of(
                    "%s has %,d values: percentiles are within 1 %%.",
                    metric.label(), stats.count()));
          }
        });
  }

  private void missing(List<String> notes) {
    List<String> missing = new ArrayList<>();
    for (LogMetric metric : LogMetric.values()) {
      if (metric != LogMetric.RPC_RELOAD && facts.stats(metric).count() == 0) {
        missing.add(metric.label());
      }
    }
    if (!missing.isEmpty() && inputs.stream().anyMatch(input -> input.events() > 0)) {
      notes.add("No value of %s in these logs.".formatted(String.join(", ", missing)));
    }
  }

  private List<Analysis.Update> updates() {
    return facts.calls.stream()
        .map(this::update)
        .sorted(
            Comparator.comparingDouble(Analysis.Update::millis)
                .thenComparingLong(Analysis.Update::order))
        .toList();
  }

  private Analysis.Update update(AdminCall call) {
    boolean client = call.clientSource >= 0;
    return new Analysis.Update(
        call.id(),
        call.isReload() ? "reload_weights" : "update_weights",
        facts.times.sentMillis(call),
        Math.max(call.sendOrder, call.doneOrder),
        call.target,
        facts.at(
            client ? call.clientSource : call.serverSource,
            client ? call.clientLine : call.serverLine),
        call.allParts(),
        facts.clocks.gapMs(call).orElse(Double.NaN),
        facts.inflight(call));
  }

  private List<Analysis.Moment> moments() {
    Stream<Analysis.Moment> writes =
        facts.writes.stream().map(w -> moment(w.place(), LogMetric.WRITE, w.writeMs(), w.step()));
    Stream<Analysis.Moment> waits =
        facts.waits.stream().map(w -> moment(w.place(), LogMetric.WAIT, w.waitMs(), w.step()));
    Stream<Analysis.Moment> batches =
        facts.batches.stream().map(b -> moment(b.place(), LogMetric.BATCH, b.durMs(), Double.NaN));
    Stream<Analysis.Moment> quality =
        facts.quality.stream()
            .flatMap(
                q ->
                    Stream.of(
                        moment(q.place(), LogMetric.TRUNCATION, q.truncPct(), q.step()),
                        moment(q.place(), LogMetric.STALENESS, q.staleness(), q.step())));
    return Stream.of(writes, waits, batches, quality)
        .flatMap(moments -> moments)
        .filter(moment -> !Double.isNaN(moment.value()))
        .sorted(
            Comparator.comparingDouble(Analysis.Moment::millis)
                .thenComparingLong(Analysis.Moment::order))
        .toList();
  }

  /** Waits and batches that began after the last end of their kind. */
  private List<Analysis.Begun> begun() {
    return ledger.sources().stream()
        .flatMap(Ledger.Source::begun)
        .map(
            begun ->
                new Analysis.Begun(
                    facts.times.millis(begun.place()),
                    facts.at(begun.place()),
                    begun.metric(),
                    begun.value()))
        .filter(begun -> !(begun.millis() < lastEnd(begun.metric())))
        .toList();
  }

  private double lastEnd(LogMetric metric) {
    return Stream.concat(facts.waits.stream(), facts.batches.stream())
        .filter(seen -> (seen instanceof Seen.Wait) == (metric == LogMetric.WAIT))
        .mapToDouble(seen -> facts.times.millis(seen.place()))
        .filter(Double::isFinite)
        .max()
        .orElse(Double.NEGATIVE_INFINITY);
  }

  private Analysis.Moment moment(Seen.Place place, LogMetric metric, double value, double step) {
    return new Analysis.Moment(
        facts.times.millis(place), place.order(), facts.at(place), metric, value, step);
  }
}
