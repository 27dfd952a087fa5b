package dev.freshet.analysis;

import dev.freshet.analysis.read.Event;
import dev.freshet.analysis.read.PartMillis;
import dev.freshet.analysis.read.Stamp;
import dev.freshet.trace.UpdatePart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The admin calls of all logs, by trace. An event that a call already has is a repeat; one that
 * differs from the call's event of the same kind belongs to another call under the trace. The
 * newest {@link #MOST} calls are kept, of one trace {@link #MOST_OF_TRACE}. An older one is
 * settled: passed on once, after which its events count as repeats if no other call has its trace.
 */
final class CallBook {
  static final int MOST = 1 << 16;
  private static final int MOST_SETTLED = 1 << 20;

  /** A program may write the same id for all its calls. */
  static final int MOST_OF_TRACE = 1024;

  private final SequencedMap<Long, AdminCall> traces = new LinkedHashMap<>();
  private final LongSet settled = new LongSet(MOST_SETTLED);
  private final Consumer<AdminCall> settle;
  private long repeated;
  private long settledCalls;
  private int kept;

  CallBook(Consumer<AdminCall> settle) {
    this.settle = settle;
  }

  /** Where an event was seen. */
  record Place(int source, int epoch, long order, long line, Stamp stamp, double inflight) {}

  /** The number of repeated events. */
  long repeated() {
    return repeated;
  }

  /** The number of calls that are no longer kept. */
  long settledCalls() {
    return settledCalls;
  }

  /** Whether there were too many settled traces to recognize the events of all of them. */
  boolean overflowed() {
    return settled.isFull();
  }

  /** The calls that are kept, in the order of their first events. */
  List<AdminCall> calls() {
    List<AdminCall> calls = new ArrayList<>();
    for (AdminCall first : traces.values()) {
      for (AdminCall call = first; call != null; call = call.next) {
        calls.add(call);
      }
    }
    return calls;
  }

  /** Takes an event of a call. */
  void accept(Event.OfCall event, Place place) {
    if (settled.contains(event.trace().bits())) {
      repeated++;
      return;
    }
    AdminCall call = callOf(event);
    if (call == null) {
      repeated++;
      return;
    }
    switch (event) {
      case Event.ClientSend send -> sent(call, send, place);
      case Event.ServerRecv recv -> received(call, recv, place);
      case Event.RpcStart start -> started(call, start, place);
      case Event.RpcDone end -> ended(call, end, place);
      case Event.ClientDone done -> done(call, done, place);
    }
  }

  /** The call that an event belongs to; null if the event is a repeat. */
  private @Nullable AdminCall callOf(Event.OfCall event) {
    AdminCall first = traces.get(event.trace().bits());
    if (first == null) {
      AdminCall call = new AdminCall(event.trace());
      traces.put(event.trace().bits(), call);
      kept++;
      evict();
      return call;
    }
    AdminCall call = first;
    for (int calls = 1; has(call, event); calls++) {
      if (isSame(call, event)) {
        return null;
      }
      if (call.next == null) {
        return added(first, call, calls == MOST_OF_TRACE);
      }
      call = call.next;
    }
    return call;
  }

  /** Adds a call to a trace; without its first one if it is full. */
  private AdminCall added(AdminCall first, AdminCall last, boolean full) {
    AdminCall added = new AdminCall(first.trace);
    last.next = added;
    kept++;
    added.oneOfSeveral = true;
    if (full) {
      settleFirst(first);
    }
    evict();
    return added;
  }

  private void evict() {
    if (kept > MOST) {
      settleFirst(traces.firstEntry().getValue());
    }
  }

  /** Settles the first call of a trace. */
  private void settleFirst(AdminCall first) {
    long trace = first.trace.bits();
    if (first.next != null) {
      traces.put(trace, first.next);
    } else {
      traces.remove(trace);
      if (!first.oneOfSeveral) {
        settled.add(trace);
      }
    }
    settle(first);
  }

  private void settle(AdminCall call) {
    kept--;
    settledCalls++;
    settle.accept(call);
  }

  private static boolean has(AdminCall call, Event.OfCall event) {
    return switch (event) {
      case Event.ClientSend _ -> call.sent;
      case Event.ServerRecv _ -> call.received;
      case Event.RpcStart _ -> call.started;
      case Event.RpcDone _ -> call.ended;
      case Event.ClientDone _ -> call.done;
    };
  }

  private static boolean isSame(AdminCall call, Event.OfCall event) {
    return switch (event) {
      case Event.ClientSend send -> same(send.t(), call.sendT);
      case Event.ServerRecv recv -> same(recv.t(), call.recvT);
      case Event.RpcStart start -> same(start.t(), call.startT);
      case Event.RpcDone end -> same(end.t(), call.endT) && same(end.rpcMs(), call.serverRpcMs);
      case Event.ClientDone done ->
          same(done.parts(), call.parts, UpdatePart.WALL)
              && same(done.parts(), call.parts, UpdatePart.RPC)
              && same(done.parts(), call.parts, UpdatePart.QUEUE)
              && done.failed() == call.clientFailed
              && (done.url().isEmpty() || done.url().equals(call.target));
    };
  }

  private static boolean same(PartMillis a, PartMillis b, UpdatePart part) {
    return same(a.ms(part), b.ms(part));
  }

  private static boolean same(double a, double b) {
    return Double.compare(a, b) == 0;
  }

  private static void sent(AdminCall call, Event.ClientSend send, Place place) {
    call.sent = true;
    call.sendT = send.t();
    call.sendStamp = place.stamp();
    call.sendOrder = place.order();
    call.target = send.url();
    call.step = send.step();
    call.inflight = place.inflight();
    atClient(call, place);
  }

  private static void received(AdminCall call, Event.ServerRecv recv, Place place) {
    call.received = true;
    call.recvT = recv.t();
    call.recvStamp = place.stamp();
    if (call.target.isEmpty()) {
      call.target = recv.path();
    }
    atServer(call, place);
  }

  private static void started(AdminCall call, Event.RpcStart start, Place place) {
    call.started = true;
    call.startT = start.t();
    call.phase = start.phase();
    call.op = start.op().isEmpty() ? call.op : start.op();
    atServer(call, place);
  }

  private static void ended(AdminCall call, Event.RpcDone end, Place place) {
    call.ended = true;
    call.endT = end.t();
    call.endStamp = place.stamp();
    call.serverRpcMs = end.rpcMs();
    call.serverFailed = end.failed();
    call.error = end.error().isEmpty() ? call.error : end.error();
    call.op = end.op().isEmpty() ? call.op : end.op();
    atServer(call, place);
  }

  private static void done(AdminCall call, Event.ClientDone done, Place place) {
    call.done = true;
    call.clientFailed = done.failed();
    call.error = done.error().isEmpty() ? call.error : done.error();
    call.parts = done.parts();
    call.op = done.op().isEmpty() ? call.op : done.op();
    call.target = done.url().isEmpty() ? call.target : done.url();
    call.doneStamp = place.stamp();
    call.doneOrder = place.order();
    if (!call.sent) {
      call.inflight = place.inflight();
    }
    atClient(call, place);
  }

  private static void atClient(AdminCall call, Place place) {
    call.clientSource = place.source();
    call.clientEpoch = place.epoch();
    call.clientLine = place.line();
  }

  private static void atServer(AdminCall call, Place place) {
    call.serverSource = place.source();
    call.serverEpoch = place.epoch();
    call.serverLine = place.line();
  }
}
