package dev.freshet.fleet.dialect;

import dev.freshet.client.AdminAnswer;
import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminException;
import dev.freshet.client.AdminResult;
import dev.freshet.client.LaneOperation;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import dev.freshet.wire.UpdateWeightsRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The calls of one update to one server: they share the trace id and the deadline of the phase, and
 * add up the parts of the update's time. Used by one thread at a time.
 */
public final class AdminCalls {
  private static final String OP = "update_weights";

  private final AdminClient server;
  private final TraceId trace;
  private final List<String> notes = new ArrayList<>();
  private PartTimes parts = PartTimes.NONE;
  private OptionalLong routed = OptionalLong.empty();
  private long endNanos;

  public AdminCalls(AdminClient server, TraceId trace) {
    this.server = server;
    this.trace = trace;
  }

  /** The calls from now on end within {@code deadline}, together. */
  public AdminCalls within(Duration deadline) {
    endNanos = server.clock().nanos() + deadline.toNanos();
    return this;
  }

  /** The time left to the phase; 0 or less once it is used up. */
  public Duration left() {
    return Duration.ofNanos(endNanos - server.clock().nanos());
  }

  /** Requests are sent to {@code version} of the server while it is updated. */
  public void routed(long version) {
    routed = OptionalLong.of(version);
  }

  /** The version that requests are sent to meanwhile; empty if the caller does not know it. */
  OptionalLong routed() {
    return routed;
  }

  /** The server, for calls that only ask. */
  AdminClient server() {
    return server;
  }

  /** The id of the update in the logs of both sides. */
  public TraceId trace() {
    return trace;
  }

  /** The parts of the update's time so far, those that the server reports among them. */
  public PartTimes parts() {
    return parts;
  }

  /** What the server does differently from the update, a sentence each. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /** Adds a sentence to {@link #notes}. */
  void note(String sentence) {
    notes.add(sentence);
  }

  /** Posts, and counts the time as {@code part}. */
  AdminAnswer post(UpdatePart part, String path, byte[] body) {
    return counted(part, () -> server.post(path, body, trace, left()));
  }

  /**
   * As {@link #post}, of a call whose answer must not say that it failed.
   *
   * @param operation in words, for the error
   */
  void order(UpdatePart part, String path, byte[] body, String operation) {
    var _ = ReportedOutcome.of(path, post(part, path, body)).orThrow(path, operation);
  }

  /** As {@link #order}; false if the server does not have the route. */
  boolean orderIfThere(UpdatePart part, String path, byte[] body, String operation) {
    Optional<AdminAnswer> answer = postIfThere(part, path, body);
    answer.ifPresent(found -> ReportedOutcome.of(path, found).orThrow(path, operation));
    return answer.isPresent();
  }

  /** As {@link #post}; empty if the server does not have the route. */
  Optional<AdminAnswer> postIfThere(UpdatePart part, String path, byte[] body) {
    try {
      return Optional.of(post(part, path, body));
    } catch (AdminException e) {
      if (e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * Posts the call by which the server loads a checkpoint, logged as a weight operation.
   *
   * @param rpcMs the time that it took on the server, as its answer reports it
   */
  void load(String path, byte[] body, Target target, RpcTime rpcMs) {
    operate(path, target, lane -> loaded(lane, path, body, target, rpcMs));
  }

  /** Counts the time of {@code work} as {@code part}. */
  void timed(UpdatePart part, Runnable work) {
    var _ =
        counted(
            part,
            () -> {
              work.run();
              return part;
            });
  }

  /**
   * Logs {@code work} as a weight operation that loads {@code target}.
   *
   * @param path the route that does the work
   */
  void loading(String path, Target target, Runnable work) {
    operate(path, target, lane -> worked(lane, path, target, work));
  }

  private void operate(String path, Target target, LaneOperation operation) {
    var _ =
        counted(
            UpdatePart.LOAD,
            () ->
                server
                    .operate(
                        new LaneOperation.Named(OP, path, target.directory()),
                        trace,
                        left(),
                        operation)
                    .weightVersion());
  }

  private AdminResult worked(LaneOperation.Lane lane, String path, Target target, Runnable work) {
    work.run();
    PartTimes times =
        PartTimes.NONE.with(UpdatePart.WALL, server.clock().millisSince(lane.sentNanos()));
    add(times);
    AdminTimings timings = new AdminTimings(trace, OP, lane.url(path), times);
    return new AdminResult(timings, target.name(), Optional.empty(), List.of());
  }

  /** Reads the server's own time in ms from the answer to a load, and whether it succeeded. */
  @FunctionalInterface
  interface RpcTime {
    OptionalDouble of(AdminAnswer answer);
  }

  private AdminResult loaded(
      LaneOperation.Lane lane, String path, byte[] body, Target target, RpcTime rpcMs) {
    AdminAnswer answer = lane.post(path, body, lane.left());
    OptionalDouble rpc = rpcMs.of(answer);
    double sentMs = lane.sentNanos() / 1e6;
    PartTimes times =
        PartTimes.NONE
            .with(UpdatePart.WALL, answer.answeredNanos() / 1e6 - sentMs)
            .with(UpdatePart.CONNECT, answer.connectedNanos() / 1e6 - sentMs)
            .with(UpdatePart.RPC, rpc);
    add(times);
    AdminTimings timings = new AdminTimings(trace, OP, lane.url(path), times);
    return new AdminResult(timings, target.name(), Optional.empty(), List.of());
  }

  /**
   * Carries out a phase of an update of a Freshet server. The server joins a call that is posted
   * again under the trace id, so one whose answer was lost is posted again while time is left.
   */
  AdminResult freshet(UpdateWeightsRequest request) {
    return joined(() -> server.updateWeights(request, trace, left()));
  }

  /** Returns a Freshet server to the model that it was started with. */
  AdminResult freshetBase() {
    return joined(() -> server.reloadWeights(trace, left()));
  }

  /**
   * Makes a call that may be repeated until the server has answered it or the phase ends.
   *
   * @param each the deadline of one try
   */
  public void untilAnswered(Duration each, Runnable call) {
    long end = endNanos;
    var _ =
        Repeat.whileUnclear(
            () -> {
              endNanos = Math.min(end, server.clock().nanos() + each.toNanos());
              call.run();
              return true;
            },
            () -> Duration.ofNanos(end - server.clock().nanos()));
  }

  private AdminResult joined(Repeat.Call<AdminResult> call) {
    AdminResult result = Repeat.whileUnclear(call, this::left);
    add(result.timings().parts());
    return result;
  }

  private <T> T counted(UpdatePart part, Repeat.Call<T> call) {
    long start = server.clock().nanos();
    try {
      return call.make();
    } finally {
      add(PartTimes.NONE.with(part, server.clock().millisSince(start)));
    }
  }

  /** Adds the times to those of the same parts of earlier calls. */
  private void add(PartTimes times) {
    times.forEach(
        (name, ms) -> parts = parts.with(name, ms + parts.byWireName().getOrDefault(name, 0.0)));
  }
}
