package dev.freshet.analysis;

import dev.freshet.analysis.read.Event;
import dev.freshet.analysis.read.Stamp;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What was read, in bounded memory: the metrics of all events, and the newest calls, batches, waits
 * and checkpoints. Takes events log by log or interleaved. Owned by one thread.
 */
final class Ledger {
  /** The metrics of calls. A call counts in them once it is settled, and until then in a copy. */
  private static final Set<LogMetric> OF_CALLS =
      EnumSet.of(LogMetric.QUEUE, LogMetric.RPC, LogMetric.RPC_RELOAD, LogMetric.WALL);

  private final Ranges ranges;
  private final Map<LogMetric, MetricValues> figures = new EnumMap<>(LogMetric.class);
  private final CallBook calls = new CallBook(this::settle);
  private final Repeats repeats = new Repeats();
  private final List<Source> sources = new ArrayList<>();
  private final Recent<Seen.Write> writes = new Recent<>();
  private final Recent<Seen.Wait> waits = new Recent<>();
  private final Recent<Seen.Batch> batches = new Recent<>();
  private final Recent<Seen.Quality> quality = new Recent<>();
  private final Recent<Seen.Load> loads = new Recent<>();
  private final FleetBook fleet = new FleetBook();
  private final RoleTimes times = new RoleTimes();
  private long order;
  private long settledFailures;

  Ledger(Ranges ranges) {
    this.ranges = ranges;
  }

  /** The state of a log while it is read. */
  static final class Source {
    private final String name;
    private final RunCounter runs = new RunCounter();
    private double inflight = Double.NaN;
    private long batchStart = -1;
    private Stamp.Date date = Stamp.Date.NONE;
    private Optional<Seen.Begun> wait = Optional.empty();
    private Optional<Seen.Begun> batch = Optional.empty();

    private Source(String name) {
      this.name = name;
    }

    String name() {
      return name;
    }

    int runs() {
      return runs.runs();
    }

    /** How much of the date the times of the log have. */
    Stamp.Date date() {
      return date;
    }

    /** The wait and the batch without an end. */
    Stream<Seen.Begun> begun() {
      return Stream.of(wait, batch).flatMap(Optional::stream);
    }
  }

  /** Begins a log; returns its number. */
  int open(String name) {
    sources.add(new Source(name));
    return sources.size() - 1;
  }

  List<Source> sources() {
    return sources;
  }

  CallBook calls() {
    return calls;
  }

  Repeats repeats() {
    return repeats;
  }

  Recent<Seen.Write> writes() {
    return writes;
  }

  Recent<Seen.Wait> waits() {
    return waits;
  }

  Recent<Seen.Batch> batches() {
    return batches;
  }

  Recent<Seen.Quality> quality() {
    return quality;
  }

  Recent<Seen.Load> loads() {
    return loads;
  }

  FleetBook fleet() {
    return fleet;
  }

  RoleTimes times() {
    return times;
  }

  /** The number of failed calls among those no longer kept. */
  long settledFailures() {
    return settledFailures;
  }

  /** The distributions of all that was read so far. */
  Map<LogMetric, Stats> stats() {
    Map<LogMetric, MetricValues> ofCalls = new EnumMap<>(LogMetric.class);
    OF_CALLS.forEach(metric -> ofCalls.put(metric, figure(metric).copy()));
    calls.calls().forEach(call -> count(call, ofCalls));
    Map<LogMetric, Stats> stats = new EnumMap<>(LogMetric.class);
    for (LogMetric metric : LogMetric.values()) {
      stats.put(metric, ofCalls.getOrDefault(metric, figure(metric)).stats());
    }
    return stats;
  }

  private MetricValues figure(LogMetric metric) {
    return figures.computeIfAbsent(metric, _ -> new MetricValues());
  }

  private void settle(AdminCall call) {
    settledFailures += call.failed() ? 1 : 0;
    count(call, figures);
  }

  private void count(AdminCall call, Map<LogMetric, MetricValues> into) {
    if (!call.counts()) {
      return;
    }
    Range rpc = call.isReload() ? ranges.reload() : ranges.update();
    add(into, LogMetric.QUEUE, call.queueMs(), ranges.queue());
    add(into, LogMetric.RPC, call.rpcMs(), rpc);
    add(into, LogMetric.WALL, call.wallMs(), ranges.wall());
    if (call.isReload()) {
      add(into, LogMetric.RPC_RELOAD, call.rpcMs(), rpc);
    }
  }

  private void add(LogMetric metric, double value) {
    add(figures, metric, value, ranges.of(metric));
  }

  private static void add(
      Map<LogMetric, MetricValues> into, LogMetric metric, double value, Range range) {
    if (!Double.isNaN(value)) {
      into.computeIfAbsent(metric, _ -> new MetricValues()).add(value, range);
    }
  }

  /** Takes an event of a log. */
  void accept(int number, Event event, Stamp stamp, long line) {
    Source source = sources.get(number);
    order++;
    if (stamp.date().compareTo(source.date) > 0) {
      source.date = stamp.date();
    }
    if (event instanceof Event.OfCall call) {
      int epoch = epoch(source, call);
      calls.accept(call, new CallBook.Place(number, epoch, order, line, stamp, source.inflight));
      return;
    }
    if (repeats.isRepeat(number, event, stamp)) {
      return;
    }
    Seen.Place place = new Seen.Place(number, order, line, stamp);
    switch (event) {
      case Event.CheckpointWritten written -> {
        source.runs.read(RunCounter.Kind.WRITTEN_STEP, written.step());
        writes.add(new Seen.Write(place, written.step(), written.writeMs()));
        add(LogMetric.WRITE, written.writeMs());
      }
      case Event.WaitStart start -> {
        source.runs.read(RunCounter.Kind.AWAITED_STEP, start.targetStep());
        source.wait = Optional.of(new Seen.Begun(place, LogMetric.WAIT, start.targetStep()));
      }
      case Event.WaitDone wait -> {
        source.runs.read(RunCounter.Kind.AWAITED_STEP, wait.targetStep());
        source.wait = Optional.empty();
        waits.add(new Seen.Wait(place, wait.targetStep(), wait.waitMs()));
        add(LogMetric.WAIT, wait.waitMs());
      }
      case Event.BatchStart start -> {
        source.batchStart = order;
        source.batch = Optional.of(new Seen.Begun(place, LogMetric.BATCH, start.targetBatch()));
        load(source, place, start.inflight(), start.targetBatch());
      }
      case Event.BatchDone done -> batchDone(source, place, done);
      case Event.Rollouts rollouts -> rollouts(source, place, rollouts);
      case Event.StepTime time -> times.add(time, place);
      case Event.OfFleet ofFleet -> fleet.accept(ofFleet, place);
      case Event.OfCall _ -> throw new IllegalStateException("taken above");
    }
  }

  private static int epoch(Source source, Event.OfCall call) {
    return switch (call) {
      case Event.ClientSend send -> source.runs.read(RunCounter.Kind.CLIENT_CLOCK, send.t());
      case Event.ClientDone _ -> source.runs.read(RunCounter.Kind.CLIENT_CLOCK, Double.NaN);
      case Event.ServerRecv recv -> source.runs.read(RunCounter.Kind.SERVER_CLOCK, recv.t());
      case Event.RpcStart start -> source.runs.read(RunCounter.Kind.SERVER_CLOCK, start.t());
      case Event.RpcDone end -> source.runs.read(RunCounter.Kind.SERVER_CLOCK, end.t());
    };
  }

  private void batchDone(Source source, Seen.Place place, Event.BatchDone done) {
    batches.add(
        new Seen.Batch(
            place, source.batchStart, done.completions(), done.durMs(), done.inflight()));
    source.batchStart = -1;
    source.batch = Optional.empty();
    load(source, place, done.inflight(), Double.NaN);
    add(LogMetric.BATCH, done.durMs());
  }

  private void rollouts(Source source, Seen.Place place, Event.Rollouts rollouts) {
    source.runs.read(RunCounter.Kind.TRAINED_STEP, rollouts.currentStep());
    quality.add(
        new Seen.Quality(place, rollouts.currentStep(), rollouts.truncPct(), rollouts.staleness()));
    add(LogMetric.TRUNCATION, rollouts.truncPct());
    add(LogMetric.STALENESS, rollouts.staleness());
  }

  private void load(Source source, Seen.Place place, double inflight, double targetBatch) {
    if (!Double.isNaN(inflight)) {
      source.inflight = inflight;
      loads.add(new Seen.Load(place, inflight, targetBatch));
    }
  }
}
