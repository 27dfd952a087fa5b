package dev.freshet.client;

import dev.freshet.http.ClientTls;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.WaitsJson;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WeightInfo;
import dev.freshet.wire.WireException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The admin lane to one inference server. It shares no connection, pool or thread with streams: the
 * calling thread makes each call on a fresh connection ({@code Connection: close}), one connection
 * at a time. Callers queue in order of arrival, and every wait is bounded by {@link
 * AdminDeadlines}. A prober that must not queue behind an update uses its own client. Callers must
 * be platform threads: a virtual thread would compete with streams for a carrier.
 *
 * <p>A weight operation logs {@code client.send} and {@code client.done}; the time between them
 * includes the wait for the lane. Errors are {@link AdminException}. The client never repeats a
 * call; a caller may, under the same trace id. Thread-safe.
 */
public final class AdminClient implements AutoCloseable {
  private static final byte[] NO_FIELDS = {'{', '}'};

  private final Origin origin;
  private final AdminDeadlines deadlines;
  private final EventLog events;
  private final Optional<AdminToken> token;
  private final HostNames hostNames;
  private final Supplier<ClientTls> trust;
  private final AdminLane lane;
  private volatile boolean closed;
  private final Set<AdminClient> branches = ConcurrentHashMap.newKeySet();
  private final Consumer<AdminClient> onClose;

  /**
   * A client that sends no token.
   *
   * @param server the root of the server's admin listener, such as {@code http://127.0.0.1:8001};
   *     one of {@code https} is verified by {@link ClientTls}
   */
  public AdminClient(URI server, AdminDeadlines deadlines, EventLog events) {
    this(server, deadlines, events, Optional.empty());
  }

  /**
   * @param server the root of the server's admin listener, such as {@code http://127.0.0.1:8001}
   * @param token authenticates this client to the server
   */
  public AdminClient(
      URI server, AdminDeadlines deadlines, EventLog events, Optional<AdminToken> token) {
    this(server, deadlines, events, token, HostNames.SHARED);
  }

  AdminClient(
      URI server,
      AdminDeadlines deadlines,
      EventLog events,
      Optional<AdminToken> token,
      HostNames hostNames) {
    this(server, deadlines, events, token, hostNames, ClientTls::ofProcess);
  }

  AdminClient(
      URI server,
      AdminDeadlines deadlines,
      EventLog events,
      Optional<AdminToken> token,
      HostNames hostNames,
      Supplier<ClientTls> trust) {
    this(server, deadlines, events, token, hostNames, trust, _ -> {});
  }

  private AdminClient(
      URI server,
      AdminDeadlines deadlines,
      EventLog events,
      Optional<AdminToken> token,
      HostNames hostNames,
      Supplier<ClientTls> trust,
      Consumer<AdminClient> onClose) {
    this.origin = Origin.of(server);
    this.trust = trust;
    this.deadlines = deadlines;
    this.events = events;
    this.token = token;
    this.hostNames = hostNames;
    this.lane =
        new AdminLane(
            origin,
            deadlines,
            events,
            hostNames,
            origin.secure() ? Optional.of(trust.get()) : Optional.empty());
    this.onClose = onClose;
  }

  /**
   * A client of another server that this one's server stands for, with the same deadlines and
   * token. {@link #abort} and {@link #close} of this client reach it too. The caller closes it.
   */
  public AdminClient branch(URI other) {
    AdminClient branch =
        new AdminClient(other, deadlines, events, token, hostNames, trust, branches::remove);
    branches.add(branch);
    if (closed) {
      branch.close();
    }
    return branch;
  }

  /** The deadline of each step of a call. */
  public AdminDeadlines deadlines() {
    return deadlines;
  }

  /** The clock that timings are read from. */
  public MonotonicClock clock() {
    return events.clock();
  }

  /** Who makes the calls. */
  public String role() {
    return events.role();
  }

  /** The root of the server's admin listener. */
  public URI server() {
    return origin.root();
  }

  /**
   * Makes a Freshet server serve the checkpoint in {@code weightDir} as policy version {@code
   * step}.
   */
  public AdminResult updateWeights(Path weightDir, long step, UpdateMode mode, TraceId trace) {
    String dir = weightDir.toAbsolutePath().toString();
    return updateWeights(UpdateWeightsRequest.of(dir, OptionalLong.of(step), mode), trace);
  }

  /** Carries out the request's phase of an update of a Freshet server. */
  public AdminResult updateWeights(UpdateWeightsRequest request, TraceId trace) {
    return updateWeights(request, trace, deadlines.update());
  }

  /**
   * Carries out the request's phase of an update of a Freshet server.
   *
   * @param within the deadline, the wait for the lane included
   */
  public AdminResult updateWeights(UpdateWeightsRequest request, TraceId trace, Duration within) {
    FreshetOperation update = new FreshetOperation("update_weights", request.toJson());
    return operate(update.named(request.weightDir()), trace, within, update);
  }

  /** Returns a Freshet server to the base model it was started with. */
  public AdminResult reloadWeights(TraceId trace) {
    return reloadWeights(trace, deadlines.update());
  }

  /**
   * Returns a Freshet server to the base model it was started with.
   *
   * @param within the deadline, the wait for the lane included
   */
  public AdminResult reloadWeights(TraceId trace, Duration within) {
    FreshetOperation reload = new FreshetOperation("reload_weights", NO_FIELDS);
    return operate(reload.named(Optional.empty()), trace, within, reload);
  }

  /**
   * Pauses generation. The server answers once the pause is in force.
   *
   * @param clearCache whether the KV cache of paused completions is recomputed after the pause
   */
  public void pause(PauseMode mode, boolean clearCache) {
    command("/pause?mode=%s&clear_cache=%b".formatted(mode.wireName(), clearCache));
  }

  /** Ends a pause. */
  public void resume() {
    command("/resume");
  }

  /**
   * The answer of a route of any program, whose status is 2xx.
   *
   * @param deadline of the whole call; the call waits as long for the lane
   * @throws AdminException if the call fails or is answered with another status
   */
  public AdminAnswer post(String path, byte[] body, TraceId trace, Duration deadline) {
    return lane.callOk(post(path, body, deadline, trace, TraceParent.of(trace)));
  }

  private void command(String path) {
    var _ = lane.callOk(request("POST", path, new byte[0], deadlines.pause()));
  }

  /** The version that the server generates with. */
  public WeightInfo weightInfo() {
    return weightInfo("/weight_info");
  }

  /**
   * The version that the server generates with.
   *
   * @param route answers it in the field {@code weight_version}
   */
  public WeightInfo weightInfo(String route) {
    AdminAnswer answer = get(route);
    try {
      return WeightInfo.parse(answer.body());
    } catch (WireException e) {
      throw AdminException.sent("GET " + origin.root() + route, "bad_answer", e.getMessage());
    }
  }

  /**
   * The answer of a route that only reports.
   *
   * @throws AdminException if the server cannot be asked, or answers with an error
   */
  public AdminAnswer get(String route) {
    return lane.callOk(probe(route));
  }

  /**
   * Whether the server accepts requests.
   *
   * @throws AdminException if the server cannot be asked
   */
  public ServerHealth health() {
    int status = lane.call(probe("/health")).status();
    return new ServerHealth(status / 100 == 2, status);
  }

  /** The open waits of the role behind the listener, which may be any role. */
  public List<Wait> waits() {
    AdminRequest request = probe("/debug/waits?format=json");
    AdminAnswer answer = lane.callOk(request);
    try {
      return WaitsJson.parse(answer.body());
    } catch (IllegalArgumentException e) {
      throw AdminException.sent(request.call(), "bad_answer", String.valueOf(e.getMessage()));
    }
  }

  private AdminRequest probe(String path) {
    return request("GET", path, new byte[0], deadlines.probe());
  }

  private AdminRequest request(String method, String path, byte[] body, Duration deadline) {
    TraceId trace = TraceId.random();
    return new AdminRequest(
        method, origin, path, body, trace, TraceParent.of(trace), token, deadline);
  }

  /**
   * Carries out a weight operation: waits for the lane, holds it for all calls of {@code
   * operation}, and logs {@code client.send} before and {@code client.done} after.
   *
   * @param within the deadline, the wait for the lane included; the calls of {@code operation}
   *     observe it by {@link LaneOperation.Lane#left}
   * @throws AdminException if a call fails or an answer cannot be read
   */
  public AdminResult operate(
      LaneOperation.Named named, TraceId trace, Duration within, LaneOperation operation) {
    TraceParent span = TraceParent.of(trace);
    AdminRequest first = post(named.route(), NO_FIELDS, within, trace, span);
    events.clientSpan(trace, span);
    long sent = events.clientSend(trace, first.url(), named.checkpoint());
    try (AdminLane.Held _ = lane.hold(first)) {
      AdminResult result =
          operation.carryOut(new HeldLane(trace, span, sent, sent + within.toNanos()));
      events.clientDone(result.timings());
      return result;
    } catch (WireException e) {
      throw failed(
          named, first, sent, AdminException.sent(first.call(), "bad_answer", e.getMessage()));
    } catch (AdminException e) {
      throw failed(named, first, sent, e);
    }
  }

  private AdminException failed(
      LaneOperation.Named named, AdminRequest first, long sentNanos, AdminException why) {
    events.clientFailed(
        first.trace(), named.op(), first.url(), clock().millisSince(sentNanos), why.code());
    return why;
  }

  /** The lane for the calls of one operation, which holds it. */
  private final class HeldLane implements LaneOperation.Lane {
    private final TraceId trace;
    private final TraceParent span;
    private final long sentNanos;
    private final long endNanos;

    HeldLane(TraceId trace, TraceParent span, long sentNanos, long endNanos) {
      this.trace = trace;
      this.span = span;
      this.sentNanos = sentNanos;
      this.endNanos = endNanos;
    }

    @Override
    public TraceId trace() {
      return trace;
    }

    @Override
    public long sentNanos() {
      return sentNanos;
    }

    @Override
    public Duration left() {
      return Duration.ofNanos(endNanos - clock().nanos());
    }

    @Override
    public String url(String path) {
      return origin.root() + path;
    }

    @Override
    public AdminAnswer post(String path, byte[] body, Duration deadline) {
      return lane.callOk(AdminClient.this.post(path, body, deadline, trace, span));
    }
  }

  private AdminRequest post(
      String path, byte[] body, Duration deadline, TraceId trace, TraceParent span) {
    return new AdminRequest("POST", origin, path, body, trace, span, token, deadline);
  }

  /** Aborts a call in progress: it fails as {@code silent}. Later calls are made as usual. */
  public void abort(String why) {
    lane.abort(why);
    branches.forEach(branch -> branch.abort(why));
  }

  /** Aborts a call in progress, host name lookup included, and rejects further ones. */
  @Override
  public void close() {
    closed = true;
    onClose.accept(this);
    List.copyOf(branches).forEach(AdminClient::close);
    lane.close();
  }
}
