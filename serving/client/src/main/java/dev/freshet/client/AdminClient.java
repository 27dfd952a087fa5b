package dev.freshet.client;

import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.HostClock;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.WaitsJson;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongFunction;

/**
 * The admin lane to one inference server. It shares nothing with streams: the calling thread does
 * all itself, on a fresh connection for every call ({@code Connection: close}), one connection at a
 * time. Calls block their caller, in the order they came, each wait within its {@link
 * AdminDeadlines}; a prober that must not wait for an update has a lane of its own. Callers are
 * platform threads: a virtual one would wait for a carrier, which streams share.
 *
 * <p>A weight operation logs {@code client.send} and {@code client.done}. The time between them is
 * all that the caller waited, a wait for the lane included. Errors are {@link AdminException}. No
 * call is repeated: the caller decides, under the same trace id. Thread-safe.
 */
public final class AdminClient implements AutoCloseable {
  private static final byte[] NO_FIELDS = {'{', '}'};

  private final Origin origin;
  private final AdminDeadlines deadlines;
  private final EventLog events;
  private final Optional<AdminToken> token;
  private final ServerKind kind;
  private final ReentrantLock lane = new ReentrantLock(true);
  private volatile boolean closed;
  private volatile Optional<AdminExchange> current = Optional.empty();

  /**
   * @param server the root of the server's admin listener, as {@code http://127.0.0.1:8001}
   */
  public AdminClient(URI server, AdminDeadlines deadlines, EventLog events) {
    this(server, deadlines, events, Optional.empty());
  }

  /**
   * @param token what the server knows its operators by
   */
  public AdminClient(
      URI server, AdminDeadlines deadlines, EventLog events, Optional<AdminToken> token) {
    this(server, deadlines, events, token, ServerKind.FRESHET);
  }

  /**
   * @param token what the server knows its operators by
   * @param kind which program it is. Of one that is not Freshet's, full updates and probes alone
   *     can be asked, and it does not tell what it waited and worked
   */
  public AdminClient(
      URI server,
      AdminDeadlines deadlines,
      EventLog events,
      Optional<AdminToken> token,
      ServerKind kind) {
    this.kind = kind;
    this.origin = Origin.of(server);
    this.deadlines = deadlines;
    this.events = events;
    this.token = token;
  }

  /** Which program the server is. */
  public ServerKind kind() {
    return kind;
  }

  /** The root of the server's admin listener. */
  public URI server() {
    return origin.root();
  }

  /** Has the server serve the checkpoint in {@code weightDir} as policy version {@code step}. */
  public AdminResult updateWeights(Path weightDir, long step, UpdateMode mode, TraceId trace) {
    return updateWeights(weightDir.toAbsolutePath().toString(), step, mode, trace);
  }

  /** The same for a directory named as the server sees it. */
  public AdminResult updateWeights(String weightDir, long step, UpdateMode mode, TraceId trace) {
    return updateWeights(UpdateWeightsRequest.of(weightDir, OptionalLong.of(step), mode), trace);
  }

  /** Carries an update out as far as the request's phase says. */
  public AdminResult updateWeights(UpdateWeightsRequest request, TraceId trace) {
    return kind == ServerKind.FRESHET
        ? operate("update_weights", request.weightDir(), request.toJson(), trace)
        : operatePeer(request, trace);
  }

  /** Has a Freshet server go back to the base model it was started with. */
  public AdminResult reloadWeights(TraceId trace) {
    return operate("reload_weights", Optional.empty(), NO_FIELDS, trace);
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

  /**
   * Makes whole exchanges that change nothing, up to {@code calls} of them or until {@code most}
   * has passed, so that the first weight update does not find the code of the lane uncompiled.
   *
   * @throws AdminException if the server does not answer them
   */
  public void warmUp(int calls, Duration most) {
    long end = events.clock().nanos() + most.toNanos();
    for (int call = 0; call < calls && events.clock().nanos() < end; call++) {
      if (kind == ServerKind.FRESHET) {
        weightInfo();
      } else {
        health();
      }
    }
  }

  /**
   * The number of the version that the server generates with now; nothing if it has no number or
   * does not tell.
   */
  public OptionalLong servingVersion() {
    try {
      return OptionalLong.of(Long.parseLong(weightInfo().weightVersion()));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    } catch (AdminException e) {
      if (e.status() == 404) {
        return OptionalLong.empty();
      }
      throw e;
    }
  }

  /** The version that the server generates with now. */
  public WeightInfo weightInfo() {
    AdminRequest request = probe(kind.versionRoute());
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

  private AdminResult operate(String op, Optional<String> path, byte[] body, TraceId trace) {
    TraceParent span = TraceParent.of(trace);
    AdminRequest request = post("/" + op, body, deadlines.update(), trace, span);
    return logged(
        op,
        request.call(),
        request.url(),
        path,
        trace,
        span,
        sent -> {
          AdminExchange.Answer answer = call(request);
          requireOk(request, answer);
          WeightsAnswer weights = WeightsAnswer.parse(answer.body());
          return new AdminResult(
              timings(trace, op, request.url(), sent, answer, weights),
              weights.weightVersion(),
              weights.preparedVersion());
        });
  }

  private AdminResult operatePeer(UpdateWeightsRequest request, TraceId trace) {
    TraceParent span = TraceParent.of(trace);
    AdminRequest load = post(PeerUpdate.route(kind), new byte[0], deadlines.update(), trace, span);
    PeerUpdate update;
    try {
      update =
          new PeerUpdate(
              kind,
              request,
              deadlines,
              events.clock(),
              (path, body, deadline) -> {
                AdminRequest step = post(path, body, deadline, trace, span);
                AdminExchange.Answer answer = call(step);
                requireOk(step, answer);
                return answer;
              });
    } catch (WireException e) {
      throw AdminException.notSent(load.call(), "invalid_request", e.getMessage());
    }
    return logged(
        "update_weights",
        load.call(),
        load.url(),
        request.weightDir(),
        trace,
        span,
        sent -> {
          enterLane(load);
          try {
            PeerUpdate.Outcome outcome = update.run();
            AdminTimings timings =
                new AdminTimings(
                    trace,
                    "update_weights",
                    load.url(),
                    events.clock().millisSince(sent),
                    outcome.connectMs(),
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    outcome.rpcMs(),
                    OptionalDouble.empty(),
                    outcome.stallMs(),
                    outcome.phases());
            return new AdminResult(
                timings, Long.toString(request.step().getAsLong()), Optional.empty());
          } finally {
            lane.unlock();
          }
        });
  }

  private AdminRequest post(
      String path, byte[] body, Duration deadline, TraceId trace, TraceParent span) {
    return new AdminRequest("POST", origin, path, body, trace, span, token, deadline);
  }

  /**
   * Does {@code work}, which is told when the operation began, between client.send and client.done.
   */
  private AdminResult logged(
      String op,
      String call,
      String url,
      Optional<String> path,
      TraceId trace,
      TraceParent span,
      LongFunction<AdminResult> work) {
    events.clientSpan(trace, span);
    long sent = events.clientSend(trace, url, path);
    try {
      AdminResult result = work.apply(sent);
      events.clientDone(result.timings());
      return result;
    } catch (WireException e) {
      AdminException error = AdminException.sent(call, "bad_answer", e.getMessage());
      events.clientFailed(trace, op, url, events.clock().millisSince(sent), error.code());
      throw error;
    } catch (AdminException e) {
      events.clientFailed(trace, op, url, events.clock().millisSince(sent), e.code());
      throw e;
    }
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
    return new AdminTimings(
        trace,
        op,
        url,
        (answer.answeredNanos() - sent) / 1e6,
        (answer.connectedNanos() - sent) / 1e6,
        millis(server.map(clock -> clock.recvSeconds() * 1e3 - answer.connectedNanos() / 1e6)),
        weights.handlerMs(),
        weights.rpcMs(),
        millis(server.map(clock -> answer.answeredNanos() / 1e6 - clock.doneSeconds() * 1e3)),
        weights.stallMs(),
        weights.phases());
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
      if (closed) {
        throw AdminException.notSent(request.call(), "shut_down", "the admin client is closed");
      }
      InetAddress address = address(request);
      AdminExchange exchange = AdminExchange.open(request, deadlines, events.clock());
      current = Optional.of(exchange);
      return exchange.carryOut(address);
    } finally {
      current = Optional.empty();
      lane.unlock();
    }
  }

  /** The server's address; a name is looked up for every call, within the deadline to connect. */
  private InetAddress address(AdminRequest request) {
    InetAddress literal = NetUtil.createInetAddressFromIpAddressString(origin.address());
    if (literal != null) {
      return literal;
    }
    FutureTask<InetAddress> lookUp =
        new FutureTask<>(() -> InetAddress.getByName(origin.address()));
    Thread.ofVirtual().name("freshet-admin-lookup").start(lookUp);
    try {
      return lookUp.get(deadlines.connect().toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw AdminException.notSent(
          request.call(), "unreachable", "cannot connect: unknown host " + origin.address());
    } catch (TimeoutException e) {
      throw AdminException.notSent(
          request.call(),
          "connect_timeout",
          "host %s was not found within %d ms"
              .formatted(origin.address(), deadlines.connect().toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AdminException.notSent(
          request.call(), "interrupted", "interrupted while looking up " + origin.address());
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

  /** Breaks off a call in progress and refuses further ones. */
  @Override
  public void close() {
    closed = true;
    current.ifPresent(exchange -> exchange.breakOff("shut_down", "the admin client is closed"));
  }
}
