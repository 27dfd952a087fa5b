package dev.freshet.server;

import dev.freshet.metrics.Counter;
import dev.freshet.metrics.Gauge;
import dev.freshet.metrics.Histogram;
import dev.freshet.metrics.Metric;
import dev.freshet.metrics.MetricDefinition.Role;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.metrics.PartSeries;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.UpdatePart;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;

/**
 * The metrics of an inference server's completions and weight operations. No method blocks, so an
 * event loop may call it. Thread-safe.
 */
public final class ServerMetrics {
  private static final String OP = "op";
  private static final String PHASE = "phase";
  private static final String UPDATE = "update_weights";
  private static final String ALL = "all";

  /** The phases of a Freshet server. The pause is counted in a separate histogram, the stall. */
  private static final Set<UpdatePart> PHASES =
      Arrays.stream(UpdatePart.values())
          .filter(part -> part.isPhase() && part != UpdatePart.PAUSE)
          .collect(Collectors.toUnmodifiableSet());

  private final Histogram firstTokens;
  private final Metric<Counter> completions;
  private final AtomicInteger streams = new AtomicInteger();
  private final Metric<Histogram> handlers;
  private final Metric<Histogram> rpcs;
  private final Metric<Histogram> parts;
  private final PartSeries counted = new PartSeries(PHASES);
  private final Metric<Histogram> stalls;
  private final Metric<Counter> failures;
  private final Gauge running;
  private final Gauge waiting;
  private final Gauge version;
  private final Gauge paused;

  public ServerMetrics(MetricsRegistry registry) {
    this.firstTokens =
        registry
            .histogram(
                Role.INFERENCE,
                "freshet_time_to_first_token_seconds",
                "From the first byte of a completion's request to its first token")
            .of();
    this.completions =
        registry.counter(
            Role.INFERENCE,
            "freshet_completions_total",
            "Completions that ended, by finish reason; gone: the client disconnected or read too slowly",
            "finish_reason");
    gauge(registry, "freshet_streams_open", "Running completions whose client is connected")
        .read(streams::get);
    this.running = gauge(registry, "freshet_completions_running", "Completions in the decode loop");
    this.waiting =
        gauge(
            registry,
            "freshet_completions_waiting",
            "Completions that wait for a place in the decode loop");
    this.version =
        gauge(registry, "freshet_engine_policy_version", "The policy version that serves");
    this.paused = gauge(registry, "freshet_engine_paused", "1 while the engine is paused");
    this.handlers =
        operation(
            registry, "freshet_server_handler_seconds", "server.recv to rpc.start (handler_ms)");
    this.rpcs = operation(registry, "freshet_server_rpc_seconds", "rpc.start to rpc.done (rpc_ms)");
    this.failures =
        registry.counter(
            Role.INFERENCE,
            "freshet_server_failures_total",
            "Weight operations that failed; they are counted in no histogram",
            OP,
            PHASE);
    this.parts =
        registry.histogram(
            Role.INFERENCE,
            "freshet_server_part_seconds",
            "A part of a weight operation, as its answer states it",
            OP,
            "part");
    this.stalls =
        registry.histogram(
            Role.INFERENCE,
            "freshet_decode_stall_seconds",
            "How long a weight swap held decoding between two steps (stall_ms)",
            OP);
    createSeries();
  }

  /** Creates the series that every server has, so that they start at zero. */
  private void createSeries() {
    for (String reason : List.of("stop", "length", "abort", "error", "gone")) {
      completions.of(reason);
    }
    for (Metric<Histogram> metric : List.of(handlers, rpcs)) {
      metric.of(UPDATE, ALL);
    }
    failures.of(UPDATE, ALL);
    stalls.of(UPDATE);
  }

  private static Gauge gauge(MetricsRegistry registry, String name, String help) {
    return registry.gauge(Role.INFERENCE, name, help).of();
  }

  private static Metric<Histogram> operation(MetricsRegistry registry, String name, String help) {
    return registry.histogram(Role.INFERENCE, name, help, OP, PHASE);
  }

  /** Sets how the engine's state is read, on the thread that makes a page. */
  void engine(
      DoubleSupplier runningNow,
      DoubleSupplier waitingNow,
      DoubleSupplier versionNow,
      DoubleSupplier pausedNow) {
    running.read(runningNow);
    waiting.read(waitingNow);
    version.read(versionNow);
    paused.read(pausedNow);
  }

  /** Running completions whose client is connected. */
  public int streams() {
    return streams.get();
  }

  /** Counts a completion that began. */
  void opened() {
    streams.incrementAndGet();
  }

  /** Records the time from a completion's request to its first token. */
  void firstToken(long nanos) {
    firstTokens.nanos(nanos);
  }

  /** Counts the end of a completion. */
  void closed(String finishReason) {
    streams.decrementAndGet();
    completions.of(finishReason).add(1);
  }

  /**
   * Counts a weight operation that succeeded.
   *
   * @param phase the requested phase, by its name on the wire
   * @param times the parts that this server measured
   * @param stallMs how long decoding was held, if the operation swapped weights
   */
  public void succeeded(String op, String phase, PartTimes times, OptionalDouble stallMs) {
    times.ms(UpdatePart.HANDLER).ifPresent(handlers.of(op, phase)::millis);
    times.ms(UpdatePart.RPC).ifPresent(rpcs.of(op, phase)::millis);
    counted.count(times, part -> parts.of(op, part));
    stallMs.ifPresent(stalls.of(op)::millis);
  }

  /** Counts a weight operation that failed. */
  void failed(String op, String phase) {
    failures.of(op, phase).add(1);
  }
}
