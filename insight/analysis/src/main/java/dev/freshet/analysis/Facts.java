package dev.freshet.analysis;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/** The input of the rules: the metrics of a {@link Ledger} and the clock offsets of its logs. */
final class Facts {
  final Ranges ranges;
  final AsyncLevel asyncLevel;
  final Map<LogMetric, Stats> stats;
  final List<String> names;

  /** All calls that are kept, also failed and unfinished ones. */
  final List<AdminCall> all;

  /** The calls that succeeded. */
  final List<AdminCall> calls;

  final List<Seen.Write> writes;
  final List<Seen.Wait> waits;
  final List<Seen.Batch> batches;
  final List<Seen.Quality> quality;
  final HostClocks clocks;
  final SourceTimes times;
  final FleetHistory fleet;

  /** What the roles did with their time. */
  private final List<TimeShares> shares;

  /** The correlations of queue_ms and rpc_ms with the completions in flight. */
  final Correlation queueLoad;

  final Correlation rpcLoad;

  /** Whether the logs are still written. */
  final boolean growing;

  private final List<Analysis.Load> loads;

  Facts(Ledger ledger, Ranges ranges, AsyncLevel asyncLevel, boolean growing) {
    this.growing = growing;
    this.ranges = ranges;
    this.asyncLevel = asyncLevel;
    this.stats = ledger.stats();
    this.names = ledger.sources().stream().map(Ledger.Source::name).toList();
    this.all = ledger.calls().calls();
    this.calls = all.stream().filter(AdminCall::counts).toList();
    this.writes = ledger.writes().items();
    this.waits = ledger.waits().items();
    this.batches = ledger.batches().items();
    this.quality = ledger.quality().items();
    this.shares = ledger.times().shares();
    this.clocks = new HostClocks(all);
    this.times =
        new SourceTimes(
            all, writes, waits, names, ledger.sources().stream().map(Ledger.Source::date).toList());
    this.fleet = new FleetFacts(ledger.fleet(), times, this::at).history();
    this.loads =
        ledger.loads().items().stream()
            .map(
                load ->
                    new Analysis.Load(
                        times.millis(load.place()), load.inflight(), load.targetBatch()))
            .filter(load -> !Double.isNaN(load.millis()))
            .sorted(Comparator.comparingDouble(Analysis.Load::millis))
            .toList();
    this.queueLoad = withInflight("queue_ms", AdminCall::queueMs);
    this.rpcLoad = withInflight("rpc_ms", AdminCall::rpcMs);
  }

  Stats stats(LogMetric metric) {
    return stats.getOrDefault(metric, new MetricValues().stats());
  }

  /** What every role, and every server, did with its time. */
  List<TimeShares> shares() {
    return shares;
  }

  /** The completions in flight, by time. */
  List<Analysis.Load> loads() {
    return loads;
  }

  /** The time of the newest event of calls, batches and the fleet; NaN if none has one. */
  double newestMillis() {
    return DoubleStream.of(
            all.stream().mapToDouble(times::doneMillis).max().orElse(Double.NaN),
            batches.stream()
                .mapToDouble(batch -> times.millis(batch.place()))
                .max()
                .orElse(Double.NaN),
            fleet.changes().stream()
                .mapToDouble(FleetHistory.Change::millis)
                .max()
                .orElse(Double.NaN))
        .filter(Double::isFinite)
        .max()
        .orElse(Double.NaN);
  }

  /** A figure of the calls that succeeded. */
  double[] of(ToDoubleFunction<AdminCall> figure) {
    return calls.stream().mapToDouble(figure).toArray();
  }

  /** Completions in flight when a call was sent, by its own log or by time; NaN if unknown. */
  double inflight(AdminCall call) {
    if (!Double.isNaN(call.inflight) || loads.isEmpty()) {
      return call.inflight;
    }
    double sent = times.sentMillis(call);
    if (Double.isNaN(sent)) {
      return Double.NaN;
    }
    int i =
        Collections.binarySearch(
            loads,
            new Analysis.Load(sent, Double.NaN, Double.NaN),
            Comparator.comparingDouble(Analysis.Load::millis));
    int before = i >= 0 ? i : -i - 2;
    return before < 0 ? Double.NaN : loads.get(before).inflight();
  }

  private Correlation withInflight(String figure, ToDoubleFunction<AdminCall> value) {
    List<AdminCall> known =
        calls.stream()
            .filter(call -> !Double.isNaN(value.applyAsDouble(call) + inflight(call)))
            .toList();
    double[] x = known.stream().mapToDouble(this::inflight).toArray();
    double[] y = known.stream().mapToDouble(value).toArray();
    return new Correlation(
        figure, "inflight", x.length, Samples.pearson(x, y), Samples.spearman(x, y));
  }

  /** The place of a line, as {@code file:line}. */
  String at(int source, long line) {
    return source < 0 ? "?" : names.get(source) + ":" + line;
  }

  String at(Seen.Place place) {
    return at(place.source(), place.line());
  }

  /** A call as evidence: its trace, parts and line. */
  String evidence(AdminCall call) {
    StringBuilder text = new StringBuilder("trace ").append(call.id());
    figure(text, "queue_ms", call.queueMs());
    figure(text, "rpc_ms", call.rpcMs());
    figure(text, "wall_ms", call.wallMs());
    clocks.gapMs(call).ifPresent(gap -> figure(text, "send to recv ms", gap));
    figure(text, "inflight", inflight(call));
    boolean client = call.clientSource >= 0;
    return text.append(" (")
        .append(
            at(
                client ? call.clientSource : call.serverSource,
                client ? call.clientLine : call.serverLine))
        .append(')')
        .toString();
  }

  private static void figure(StringBuilder text, String name, double value) {
    if (!Double.isNaN(value)) {
      text.append(String.format(Locale.ROOT, ", %s %.1f", name, value));
    }
  }
}
