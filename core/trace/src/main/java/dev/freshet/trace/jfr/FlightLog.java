package dev.freshet.trace.jfr;

import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.Newest;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jdk.jfr.Event;

/**
 * Passes the events of an event log to the flight recorder. An event that begins at one line and
 * ends at another is kept in between, at most {@link #MOST} of a kind. Thread-safe.
 */
public final class FlightLog {
  private static final int MOST = 256;

  /** The parts that are fields of the call's own event. */
  private static final Set<UpdatePart> OF_WHOLE_CALL =
      EnumSet.of(UpdatePart.WALL, UpdatePart.RPC, UpdatePart.QUEUE, UpdatePart.STALL);

  private static final Pattern STEP = Pattern.compile("step_([0-9]{1,18})/?\\z");

  private final Begun<TraceId, WeightUpdateEvent> updates = new Begun<>(WeightUpdateEvent::new);
  private final Begun<TraceId, WeightOperationEvent> operations =
      new Begun<>(WeightOperationEvent::new);
  private final Begun<Long, CheckpointWaitEvent> waits = new Begun<>(CheckpointWaitEvent::new);
  private final Begun<String, BatchEvent> batches = new Begun<>(BatchEvent::new);

  /** Events that have begun and not ended. */
  private static final class Begun<K, E extends Event> {
    private final Supplier<E> make;
    private final Map<K, E> events = new Newest<>(MOST);

    Begun(Supplier<E> make) {
      this.make = make;
    }

    /** Begins an event, if it is recorded. */
    Optional<E> begin(K key) {
      E event = make.get();
      if (!event.isEnabled()) {
        return Optional.empty();
      }
      event.begin();
      synchronized (this) {
        events.put(key, event);
      }
      return Optional.of(event);
    }

    /** An event in progress, if it is recorded. */
    synchronized Optional<E> get(K key) {
      return Optional.ofNullable(events.get(key));
    }

    /** Ends an event, if it is recorded; its duration is 0 if its begin was not recorded. */
    Optional<E> end(K key) {
      E event;
      synchronized (this) {
        event = events.remove(key);
      }
      E ended = event == null ? make.get() : event;
      return ended.isEnabled() ? Optional.of(ended) : Optional.empty();
    }
  }

  /** See {@link dev.freshet.trace.EventLog#clientSend}. */
  public void clientSend(TraceId trace, Optional<String> path) {
    updates
        .begin(trace)
        .ifPresent(
            event -> {
              event.checkpoint = path.orElse("");
              Matcher step = STEP.matcher(event.checkpoint);
              if (step.find()) {
                event.policyVersion = Long.parseLong(step.group(1));
              }
            });
  }

  /** See {@link dev.freshet.trace.EventLog#clientDone}. */
  public void clientDone(AdminTimings timings) {
    updates
        .end(timings.trace())
        .ifPresent(
            event -> {
              event.traceId = timings.trace().hex();
              event.operation = timings.op();
              event.server = timings.url();
              event.wall = Lengths.nanos(timings.wallMs());
              event.queue = Lengths.nanos(timings.queueMs());
              event.rpc = Lengths.nanos(timings.rpcMs());
              event.stall = Lengths.nanos(timings.stallMs());
              event.commit();
            });
    timings.measured().forEach((name, ms) -> clientPart(timings, name, ms));
  }

  /** Records a part unless it is a field of the call's event, or the server records it. */
  private static void clientPart(AdminTimings timings, String name, double ms) {
    boolean ofWhole = UpdatePart.of(name).map(OF_WHOLE_CALL::contains).orElse(false);
    boolean phase = UpdatePart.of(name).map(UpdatePart::isPhase).orElse(true);
    boolean serverRecords = timings.ms(UpdatePart.HANDLER).isPresent();
    if (!ofWhole && !(phase && serverRecords)) {
      phase(timings.trace(), name, ms);
    }
  }

  /** See {@link dev.freshet.trace.EventLog#clientFailed}. */
  public void clientFailed(TraceId trace, String op, String url, double wallMs, String error) {
    updates
        .end(trace)
        .ifPresent(
            event -> {
              event.traceId = trace.hex();
              event.operation = op;
              event.server = url;
              event.wall = Lengths.nanos(wallMs);
              event.error = error;
              event.commit();
            });
  }

  /** See {@link dev.freshet.trace.EventLog#rpcStart}. */
  public void rpcStart(TraceId trace) {
    var _ = operations.begin(trace);
  }

  /** See {@link dev.freshet.trace.EventLog#rpcParts}. */
  public void rpcParts(TraceId trace, long policyVersion, double stallMs, PartTimes phases) {
    operations
        .get(trace)
        .ifPresent(
            event -> {
              event.policyVersion = policyVersion;
              event.stall = Lengths.nanos(stallMs);
            });
    phases.forEach((name, ms) -> phase(trace, name, ms));
  }

  /** See {@link dev.freshet.trace.EventLog#rpcDone}. */
  public void rpcDone(TraceId trace, String op, String phase, double rpcMs) {
    operations.end(trace).ifPresent(event -> commit(event, trace, op, phase, rpcMs));
  }

  /** See {@link dev.freshet.trace.EventLog#rpcFailed}. */
  public void rpcFailed(TraceId trace, String op, String phase, double rpcMs, String code) {
    operations
        .end(trace)
        .ifPresent(
            event -> {
              event.error = code;
              commit(event, trace, op, phase, rpcMs);
            });
  }

  private static void commit(
      WeightOperationEvent event, TraceId trace, String op, String phase, double rpcMs) {
    event.traceId = trace.hex();
    event.operation = op;
    event.phase = phase;
    event.rpc = Lengths.nanos(rpcMs);
    event.commit();
  }

  private static void phase(TraceId trace, String name, double ms) {
    UpdatePhaseEvent event = new UpdatePhaseEvent();
    if (event.isEnabled()) {
      event.traceId = trace.hex();
      event.phase = UpdatePart.label(name);
      event.length = Lengths.nanos(ms);
      event.commit();
    }
  }

  /** See {@link dev.freshet.trace.EventLog#checkpointWaitStart}. */
  public void waitStart(long step) {
    var _ = waits.begin(step);
  }

  /** See {@link dev.freshet.trace.EventLog#checkpointWaitDone}. */
  public void waitDone(long step, double waitMs) {
    waits
        .end(step)
        .ifPresent(
            event -> {
              event.step = step;
              event.wait = Lengths.nanos(waitMs);
              event.commit();
            });
  }

  /** See {@link dev.freshet.trace.EventLog#batchStart}. */
  public void batchStart(int inflight) {
    batches.begin("").ifPresent(event -> event.inflightAtStart = inflight);
  }

  /** See {@link dev.freshet.trace.EventLog#batchDone}. */
  public void batchDone(int completions, double durMs, int inflight) {
    batches
        .end("")
        .ifPresent(
            event -> {
              event.completions = completions;
              event.inflight = inflight;
              event.length = Lengths.nanos(durMs);
              event.commit();
            });
  }

  /** See {@link dev.freshet.trace.EventLog#rollouts}. */
  public void rollouts(double truncPct, long currentStep, long ckptStep) {
    BatchQualityEvent event = new BatchQualityEvent();
    if (event.isEnabled()) {
      event.truncated = truncPct;
      event.currentStep = currentStep;
      event.staleness = currentStep - ckptStep;
      event.commit();
    }
  }
}
