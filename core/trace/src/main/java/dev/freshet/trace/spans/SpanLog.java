package dev.freshet.trace.spans;

import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.Newest;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.trace.UpdatePart;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/**
 * Turns the admin calls of an event log into spans. The client's span has the children connect,
 * accept and answer. The server's span is a child of the client's; within it are the engine's
 * operation and its phases, one after the other. At most {@link #MOST} unfinished calls are kept.
 * Thread-safe if the sink is; the sink must not block.
 */
public final class SpanLog {
  /** The parts that are attributes of the span of the whole call. */
  private static final List<UpdatePart> ATTRIBUTES =
      List.of(UpdatePart.QUEUE, UpdatePart.RPC, UpdatePart.STALL);

  private static final int MOST = 256;

  private final String role;
  private final MonotonicClock clock;
  private final InstantSource wallClock;
  private final Consumer<Span> sink;
  private final Map<TraceId, Sent> sent = new Newest<>(MOST);
  private final Map<TraceId, Received> received = new Newest<>(MOST);

  /** A call that the client has sent. */
  private record Sent(TraceParent span, long nanos) {}

  /** A call that the server has received; values not known yet are 0, -1 or empty. */
  private record Received(
      Optional<TraceParent> parent,
      long recvNanos,
      long startNanos,
      long policyVersion,
      PartTimes phases) {}

  /**
   * @param role whose log it is
   * @param clock the clock of the event log
   * @param wallClock places the readings of {@code clock} in time
   */
  public SpanLog(String role, MonotonicClock clock, InstantSource wallClock, Consumer<Span> sink) {
    this.role = role;
    this.clock = clock;
    this.wallClock = wallClock;
    this.sink = sink;
  }

  /** A call of the client begins now. */
  public synchronized void clientSpan(TraceId trace, TraceParent span) {
    sent.put(trace, new Sent(span, clock.nanos()));
  }

  /** A call ended with success. */
  public void clientDone(AdminTimings timings) {
    Optional<Sent> call = take(timings.trace());
    if (call.isEmpty()) {
      return;
    }
    long start = call.get().nanos();
    long done = start + nanos(timings.wallMs());
    Map<String, Object> attributes = client(timings.trace(), timings.op(), timings.url());
    for (UpdatePart part : ATTRIBUTES) {
      timings.ms(part).ifPresent(ms -> attributes.put("freshet." + part.wireName(), ms));
    }
    Nest nest = new Nest(call.get().span().traceId(), call.get().span().spanId());
    nest.emit("", Span.Kind.CLIENT, timings.op(), start, done, attributes, "");
    OptionalDouble answer = timings.ms(UpdatePart.ANSWER);
    long connected = nest.child(UpdatePart.CONNECT, start, timings.ms(UpdatePart.CONNECT));
    nest.child(UpdatePart.ACCEPT, connected, timings.ms(UpdatePart.ACCEPT));
    nest.child(UpdatePart.ANSWER, done - nanos(answer.orElse(0)), answer);
  }

  /** A call ended without success. */
  public void clientFailed(TraceId trace, String op, String url, double wallMs, String error) {
    take(trace)
        .ifPresent(
            call ->
                new Nest(call.span().traceId(), call.span().spanId())
                    .emit(
                        "",
                        Span.Kind.CLIENT,
                        op,
                        call.nanos(),
                        call.nanos() + nanos(wallMs),
                        client(trace, op, url),
                        error));
  }

  private synchronized Optional<Sent> take(TraceId trace) {
    return Optional.ofNullable(sent.remove(trace));
  }

  private static Map<String, Object> client(TraceId trace, String op, String url) {
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("freshet.trace", trace.hex());
    attributes.put("freshet.op", op);
    attributes.put("url.full", url);
    return attributes;
  }

  /**
   * The server received a call.
   *
   * @param parent the span in its {@code traceparent} header, if it has one
   */
  public synchronized void serverRecv(TraceId trace, Optional<TraceParent> parent, long recvNanos) {
    Received fresh = new Received(parent, recvNanos, 0, -1, PartTimes.NONE);
    // A retry joins the operation that is already running.
    received.merge(trace, fresh, (known, next) -> known.startNanos() == 0 ? next : known);
  }

  /** The engine's operation began. */
  public synchronized void rpcStart(TraceId trace, long startNanos) {
    received.computeIfPresent(
        trace,
        (_, call) -> new Received(call.parent(), call.recvNanos(), startNanos, -1, call.phases()));
  }

  /** The parts of the operation, reported just before it ends. */
  public synchronized void rpcParts(TraceId trace, long policyVersion, PartTimes phases) {
    received.computeIfPresent(
        trace,
        (_, call) ->
            new Received(
                call.parent(), call.recvNanos(), call.startNanos(), policyVersion, phases));
  }

  /**
   * The engine's operation ended.
   *
   * @param error why it failed; empty if it did not
   */
  public void rpcEnd(TraceId trace, String op, String phase, long doneNanos, String error) {
    Optional<Received> known;
    synchronized (this) {
      known = Optional.ofNullable(received.remove(trace));
    }
    if (known.isEmpty()) {
      return;
    }
    Received call = known.get();
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("freshet.trace", trace.hex());
    attributes.put("freshet.phase", phase);
    if (call.policyVersion() >= 0) {
      attributes.put("freshet.policy_version", call.policyVersion());
    }
    TraceParent parent = call.parent().orElseGet(() -> TraceParent.of(trace));
    Nest server = new Nest(parent.traceId(), TraceParent.randomSpan());
    server.emit(
        call.parent().map(TraceParent::spanId).orElse(""),
        Span.Kind.SERVER,
        op,
        call.recvNanos(),
        doneNanos,
        attributes,
        error);
    Nest rpc = server.within();
    rpc.emit(
        server.spanId(), Span.Kind.INTERNAL, "rpc", call.startNanos(), doneNanos, Map.of(), error);
    phases(rpc, call);
  }

  /** The phases one after the other, each within its parent. */
  private static void phases(Nest rpc, Received call) {
    Map<UpdatePart, Nest> nests = new EnumMap<>(UpdatePart.class);
    Map<UpdatePart, Long> ends = new EnumMap<>(UpdatePart.class);
    nests.put(UpdatePart.RPC, rpc);
    ends.put(UpdatePart.RPC, call.startNanos());
    for (UpdatePart part : UpdatePart.values()) {
      UpdatePart parent = part.parent().orElse(part);
      Nest within = nests.get(parent);
      if (part.isPhase() && part.side() == UpdatePart.Side.SERVER && within != null) {
        long start = Objects.requireNonNull(ends.get(parent));
        Nest child = within.within();
        nests.put(part, child);
        ends.put(part, start);
        ends.put(parent, within.emitted(child, part, start, call.phases().ms(part)));
      }
    }
  }

  private long epochNanos() {
    Instant now = wallClock.instant();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  private static long nanos(double ms) {
    return Math.round(ms * 1e6);
  }

  /** A span whose children are emitted. Times are readings of the log's clock. */
  private final class Nest {
    private final String traceId;
    private final String spanId;

    /** The clock's origin in nanoseconds since the epoch; the same for all spans of a call. */
    private final long epoch;

    Nest(String traceId, String spanId) {
      this(traceId, spanId, epochNanos() - clock.nanos());
    }

    private Nest(String traceId, String spanId, long epoch) {
      this.traceId = traceId;
      this.spanId = spanId;
      this.epoch = epoch;
    }

    String spanId() {
      return spanId;
    }

    /** A further span of the trace. */
    Nest within() {
      return new Nest(traceId, TraceParent.randomSpan(), epoch);
    }

    void emit(
        String parent,
        Span.Kind kind,
        String name,
        long start,
        long end,
        Map<String, Object> attributes,
        String error) {
      sink.accept(
          new Span(
              role,
              traceId,
              spanId,
              parent,
              kind,
              name,
              epoch + start,
              epoch + Math.max(start, end),
              attributes,
              error));
    }

    /** A child of a known length; returns its end. */
    long child(UpdatePart part, long start, OptionalDouble ms) {
      if (ms.isEmpty()) {
        return start;
      }
      long end = start + nanos(ms.getAsDouble());
      within().emit(spanId, Span.Kind.INTERNAL, part.label(), start, end, Map.of(), "");
      return end;
    }

    /** A phase as a child, if it is known and took time; returns its end. */
    long emitted(Nest child, UpdatePart part, long start, OptionalDouble ms) {
      if (ms.orElse(0) <= 0) {
        return start;
      }
      long end = start + nanos(ms.getAsDouble());
      child.emit(spanId, Span.Kind.INTERNAL, part.label(), start, end, Map.of(), "");
      return end;
    }
  }
}
