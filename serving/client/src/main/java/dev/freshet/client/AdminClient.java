package dev.freshet.client;

import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.HostClock;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.trace.UpdatePart;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.WaitsJson;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WeightInfo;
import dev.freshet.wire.WeightsAnswer;
import dev.freshet.wire.WireException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The admin lane to one inference server. It shares no connection, pool or thread with streams: the
 * calling thread makes each call on a fresh connection ({@code Connection: close}), one connection
 * at a time. Callers queue in order of arrival, and every wait is bounded by {@link
 * AdminDeadlines}. A prober that must not queue behind an update uses a client of its own. Callers
 * must be platform threads: a virtual thread would compete with streams for a carrier.
 *
 * <p>A weight operation logs {@code client.send} and {@code client.done}; the time between them
 * includes the wait for the lane. Errors are {@link AdminException}. The client never repeats a
 * call; a caller may, under the same trace id. Thread-safe.
 */
public final class AdminClient implements AutoCloseable {
  private static final byte[] NO_FIELDS = {'{', '}'};
  private static final String CLOSED = "the admin client is closed";

  private final Origin origin;
  private final AdminDeadlines deadlines;
  private final EventLog events;
  private final Optional<AdminToken> token;
  private final ReentrantLock lane = new ReentrantLock(true);
  private volatile boolean closed;
  private volatile Optional<AdminExchange> current = Optional.empty();
  private volatile Optional<HostNames.Lookup> lookup = Optional.empty();

  /**
   * A client that sends no token.
   *
   * @param server the root of the server's admin listener, such as {@code http://127.0.0.1:8001}
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
    this.origin = Origin.of(server);
    this.deadlines = deadlines;
    this.events = events;
    this.token = token;
  }

  /** The deadline of each step of a call. */
  public AdminDeadlines deadlines() {
    return deadlines;
  }

  /** The clock that timings are read from. */
  public MonotonicClock clock() {
    return events.clock();
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

  /** Carries out an update of a Freshet server as far as the request's phase says. */
  public AdminResult updateWeights(UpdateWeightsRequest request, TraceId trace) {
    return operate(
        new LaneOperation.Named("update_weights", "/update_weights", request.weightDir()),
        trace,
        lane -> acknowledged("update_weights", lane, request.toJson()));
  }

  /** Returns a Freshet server to the base model it was started with. */
  public AdminResult reloadWeights(TraceId trace) {
    return operate(
        new LaneOperation.Named("reload_weights", "/reload_weights", Optional.empty()),
        trace,
        lane -> acknowledged("reload_weights", lane, NO_FIELDS));
  }

  /**
   * Has the server generate no further tokens; it answers once the pause is in force.
   *
   * @param clearCache whether what stands still is computed anew from its tokens afterwards
   */
  public void pause(PauseMode mode, boolean clearCache) {
    command("/pause?mode=%s&clear_cache=%b".formatted(mode.wireName(), clearCache));
  }

  /** Ends a pause. */
  public void resume() {
    command("/resume");
  }

  private void command(String path) {
    AdminRequest request = request("POST", path, new byte[0], deadlines.pause());
    requireOk(request, call(request));
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
    AdminRequest request = probe(route);
    AdminExchange.Answer answer = call(request);
    requireOk(request, answer);
    try {
      return WeightInfo.parse(answer.body());
    } catch (WireException e) {
      throw AdminException.sent(request.call(), "bad_answer", e.getMessage());
    }
  }

  /** Whether the server takes requests. A server that cannot be asked is an error. */
  public ServerHealth health() {
    int status = call(probe("/health")).status();
    return new ServerHealth(status / 100 == 2, status);
  }

  /** What the role that listens there, be it none that serves completions, waits for now. */
  public List<Wait> waits() {
    AdminRequest request = probe("/debug/waits?format=json");
    AdminExchange.Answer answer = call(request);
    requireOk(request, answer);
    try {
      return WaitsJson.parse(answer.body());
    } catch (IllegalArgumentException e) {
      throw AdminException.sent(request.call(), "bad_answer", String.valueOf(e.getMessage()));
    }
  }

  private AdminRequest probe(String path) {
    return request("GET", path, new byte[0], deadlines.probe());
  }

  private AdminRequest request(String method, String path, byte[] body, Duration readDeadline) {
    TraceId trace = TraceId.random();
    return new AdminRequest(
        method, origin, path, body, trace, TraceParent.of(trace), token, readDeadline);
  }

  /** Posts a Freshet operation and reads its answer. */
  private AdminResult acknowledged(String op, LaneOperation.Lane lane, byte[] body) {
    AdminExchange.Answer answer = lane.post("/" + op, body, deadlines.update());
    WeightsAnswer weights = WeightsAnswer.parse(answer.body());
    return new AdminResult(
        timings(lane.trace(), op, lane.url("/" + op), lane.sentNanos(), answer, weights),
        weights.weightVersion(),
        weights.preparedVersion());
  }

  /**
   * Carries out a weight operation: waits for the lane, holds it for all calls of {@code
   * operation}, and logs {@code client.send} before and {@code client.done} after.
   *
   * @throws AdminException if a call fails or an answer cannot be read
   */
  public AdminResult operate(LaneOperation.Named named, TraceId trace, LaneOperation operation) {
    TraceParent span = TraceParent.of(trace);
    AdminRequest first = post(named.route(), NO_FIELDS, deadlines.update(), trace, span);
    events.clientSpan(trace, span);
    long sent = events.clientSend(trace, first.url(), named.checkpoint());
    try {
      enterLane(first);
      try {
        AdminResult result = operation.carryOut(new HeldLane(trace, span, sent));
        events.clientDone(result.timings());
        return result;
      } catch (WireException e) {
        throw AdminException.sent(first.call(), "bad_answer", e.getMessage());
      } finally {
        lane.unlock();
      }
    } catch (AdminException e) {
      events.clientFailed(trace, named.op(), first.url(), clock().millisSince(sent), e.code());
      throw e;
    }
  }

  /** The lane for the calls of one operation, which holds it. */
  private final class HeldLane implements LaneOperation.Lane {
    private final TraceId trace;
    private final TraceParent span;
    private final long sentNanos;

    HeldLane(TraceId trace, TraceParent span, long sentNanos) {
      this.trace = trace;
      this.span = span;
      this.sentNanos = sentNanos;
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
    public String url(String path) {
      return origin.root() + path;
    }

    @Override
    public AdminExchange.Answer post(String path, byte[] body, Duration deadline) {
      AdminRequest request = AdminClient.this.post(path, body, deadline, trace, span);
      AdminExchange.Answer answer = call(request);
      requireOk(request, answer);
      return answer;
    }
  }

  private AdminRequest post(
      String path, byte[] body, Duration deadline, TraceId trace, TraceParent span) {
    return new AdminRequest("POST", origin, path, body, trace, span, token, deadline);
  }

  private AdminTimings timings(
      TraceId trace,
      String op,
      String url,
      long sent,
      AdminExchange.Answer answer,
      WeightsAnswer weights) {
    Optional<WeightsAnswer.ServerClock> server =
        weights.clock().filter(clock -> HostClock.id().equals(Optional.of(clock.id())));
    double connected = answer.connectedNanos() / 1e6;
    double answered = answer.answeredNanos() / 1e6;
    PartTimes times =
        PartTimes.NONE
            .with(UpdatePart.WALL, answered - sent / 1e6)
            .with(UpdatePart.CONNECT, connected - sent / 1e6)
            .with(
                UpdatePart.ACCEPT,
                millis(server.map(clock -> clock.recvSeconds() * 1e3 - connected)))
            .with(
                UpdatePart.ANSWER,
                millis(server.map(clock -> answered - clock.doneSeconds() * 1e3)))
            .with(weights.times());
    return new AdminTimings(trace, op, url, times);
  }

  private static OptionalDouble millis(Optional<Double> value) {
    return value.stream().mapToDouble(Double::doubleValue).findFirst();
  }

  private static void requireOk(AdminRequest request, AdminExchange.Answer answer) {
    if (answer.status() / 100 != 2) {
      throw AdminException.answered(
          request.call(), answer.status(), ErrorBody.parse(answer.body(), answer.status()));
    }
  }

  private AdminExchange.Answer call(AdminRequest request) {
    enterLane(request);
    try {
      Iterator<InetAddress> addresses = addresses(request).iterator();
      while (true) {
        try {
          return exchange(request, addresses.next());
        } catch (AdminException e) {
          // localhost may resolve to ::1 first where the server listens on 127.0.0.1 only.
          if (!e.code().equals("unreachable") || !addresses.hasNext()) {
            throw e;
          }
        }
      }
    } finally {
      lane.unlock();
    }
  }

  private AdminExchange.Answer exchange(AdminRequest request, InetAddress address) {
    try {
      AdminExchange exchange = AdminExchange.open(request, deadlines, events.clock());
      current = Optional.of(exchange);
      if (closed) {
        exchange.breakOff("shut_down", CLOSED);
      }
      return exchange.carryOut(address);
    } finally {
      current = Optional.empty();
    }
  }

  /** The server's addresses, resolved within the deadline to connect. */
  private List<InetAddress> addresses(AdminRequest request) {
    HostNames.Lookup started = HostNames.SHARED.lookUp(origin.address());
    lookup = Optional.of(started);
    try {
      if (closed) {
        started.cancel();
      }
      return started.await(deadlines.connect());
    } catch (UnknownHostException e) {
      throw AdminException.notSent(
          request.call(), "unreachable", "cannot connect: unknown host " + origin.address());
    } catch (TimeoutException e) {
      throw AdminException.notSent(
          request.call(),
          "connect_timeout",
          "host %s was not resolved within %d ms"
              .formatted(origin.address(), deadlines.connect().toMillis()));
    } catch (CancellationException e) {
      throw AdminException.notSent(request.call(), "shut_down", CLOSED);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AdminException.notSent(
          request.call(), "interrupted", "interrupted while resolving " + origin.address());
    } finally {
      lookup = Optional.empty();
    }
  }

  private void enterLane(AdminRequest request) {
    try {
      if (!lane.tryLock(request.readDeadline().toNanos(), TimeUnit.NANOSECONDS)) {
        throw AdminException.notSent(
            request.call(),
            "busy",
            "another admin call to this server still ran after %d ms"
                .formatted(request.readDeadline().toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AdminException.notSent(
          request.call(), "interrupted", "interrupted while waiting for the admin call before it");
    }
  }

  /** Aborts a call in progress, host name lookup included, and rejects further ones. */
  @Override
  public void close() {
    closed = true;
    lookup.ifPresent(HostNames.Lookup::cancel);
    current.ifPresent(exchange -> exchange.breakOff("shut_down", CLOSED));
  }
}
