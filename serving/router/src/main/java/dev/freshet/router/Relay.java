package dev.freshet.router;

import dev.freshet.http.Exchange;
import dev.freshet.router.Failure.Reason;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.WireException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ConnectTimeoutException;
import java.net.SocketException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way to a replica and back.
 *
 * <ul>
 *   <li>A client that leaves, or ends its sending side, ends it: the connection to the replica is
 *       closed at once, whatever the replica is doing.
 *   <li>A replica that cannot be reached is left for another one. A connection that ends before the
 *       first byte of the answer is replaced once, under the same request id: a kept one by a fresh
 *       one to the same replica, a fresh one by one to another replica. The first connection is
 *       closed by then, so no two replicas work on the request. After a deadline nothing is sent
 *       again: the replica may still be at work.
 *   <li>An answer that breaks off stays without its end, so that no client takes it for whole; an
 *       event stream gets an error event before that.
 * </ul>
 *
 * Confined to the event loop.
 */
final class Relay implements Exchange.Watcher {
  /** How often a request may be sent, in the hope that none was carried out. */
  private static final int MAX_SENDS = 2;

  private enum Phase {
    ROUTING,
    WAITING,
    CONNECTING,
    SENT,
    ANSWERING,
    ENDED
  }

  private final RelayLoop loop;

  /** Dropped with its body once the answer has begun. */
  private @Nullable RoutedRequest request;

  private final Exchange exchange;
  private final String id;
  private final Set<Upstream> failed = new HashSet<>(2);
  private Phase phase = Phase.ROUTING;
  private Optional<Failure> lastFailure = Optional.empty();
  private RelayLoop.@Nullable Choice choice;
  private @Nullable Upstream upstream;
  private @Nullable UpstreamConnection connection;
  private @Nullable AnswerSplice answer;
  private boolean kept;
  private int sends;
  private long sentNanos;
  private int heldBytes;

  /** The tick at which it began to wait for whatever it waits for. */
  private int sinceTick;

  /** Whether the client is too slow, so that the replica's silence is not its fault. */
  private boolean clientBehind;

  Relay(RelayLoop loop, RoutedRequest request, Exchange exchange) {
    this.loop = loop;
    this.request = request;
    this.exchange = exchange;
    this.id = request.relayed().id();
  }

  /** Begins; the exchange's callbacks come to this object. */
  void begin() {
    exchange.watch(this);
    int bytes = request().relayed().body().length;
    if (!loop.bodies().reserve(bytes)) {
      fail(
          new Failure(
              Reason.OVERLOADED,
              "the front holds %d bytes of requests without an answer, at most %d; retry later"
                  .formatted(loop.bodies().held(), loop.bodies().max())));
      return;
    }
    heldBytes = bytes;
    sinceTick = loop.tick();
    exchange.endWithInput();
    if (!exchange.isDisconnected()) {
      route();
    }
  }

  private RoutedRequest request() {
    return required(request);
  }

  /** Chooses a replica, or waits for one. */
  void route() {
    phase = Phase.ROUTING;
    Optional<RelayLoop.Choice> chosen = loop.choose(request(), failed);
    if (chosen.isPresent()) {
      start(chosen.get(), true);
    } else if (lastFailure.isPresent() && !loop.isHeld()) {
      fail(lastFailure.get());
    } else if (loop.isDraining()) {
      fail(new Failure(Reason.SHUTTING_DOWN, "the front is shutting down"));
    } else if (loop.await(this)) {
      phase = Phase.WAITING;
    } else {
      fail(
          new Failure(
              Reason.OVERLOADED,
              "%d requests wait for a replica already; retry later"
                  .formatted(loop.limits().maxQueued())));
    }
  }

  private void start(RelayLoop.Choice chosen, boolean mayBeKept) {
    Upstream at = chosen.upstream();
    choice = chosen;
    upstream = at;
    at.begun();
    phase = Phase.CONNECTING;
    loop.connect(this, at, mayBeKept);
  }

  /** There is a connection to the chosen replica. */
  void connected(UpstreamConnection to, boolean fromPool) {
    if (phase != Phase.CONNECTING) { // The client has left meanwhile.
      to.close();
      return;
    }
    connection = to;
    kept = fromPool;
    sends++;
    phase = Phase.SENT;
    sinceTick = loop.tick();
    sentNanos = loop.clock().nanos();
    if (sends == 1) {
      loop.metrics().dispatched(sentNanos - request().relayed().request().recvNanos());
    }
    RelayedRequest relayed = loop.forReplica(request().relayed(), required(choice));
    answer = new AnswerSplice(exchange, relayed, to);
    to.send(this, relayed);
  }

  /** There is no connection to the chosen replica: nothing was sent. */
  void notConnected(Throwable cause) {
    if (phase != Phase.CONNECTING) { // The client has left meanwhile.
      return;
    }
    Upstream at = leaveUpstream();
    String why = OneLine.of(cause);
    if (cause instanceof SocketException) { // Else it is the front that could not, without files.
      at.health().unreachable(why);
    }
    Reason reason =
        cause instanceof ConnectTimeoutException ? Reason.CONNECT_TIMEOUT : Reason.CONNECT;
    elsewhere(at, Failure.of(reason, at, "cannot connect: " + why));
  }

  private void elsewhere(Upstream instead, Failure failure) {
    failed.add(instead);
    lastFailure = Optional.of(failure);
    loop.metrics().retried(failure.reason());
    route();
  }

  /** Bytes of the answer, which it takes over. */
  void received(ByteBuf bytes) {
    AnswerSplice splice = required(answer);
    sinceTick = loop.tick();
    if (phase == Phase.SENT) {
      firstByte();
    } else {
      required(upstream).continued();
    }
    boolean ended;
    try {
      ended = splice.feed(bytes);
    } catch (WireException e) {
      breakOff(Failure.of(Reason.MALFORMED, required(upstream), OneLine.of(e)), false);
      return;
    }
    if (ended) {
      finish(splice);
    }
  }

  private void firstByte() {
    phase = Phase.ANSWERING;
    Upstream at = required(upstream);
    at.answered();
    loop.metrics().firstByte(at, loop.clock().nanos() - sentNanos);
    request = null;
    releaseBody();
  }

  private void finish(AnswerSplice splice) {
    splice.status().ifPresent(status -> loop.metrics().relayed(required(upstream), status));
    UpstreamConnection to = required(connection);
    connection = null;
    end();
    to.release(splice.keepsUpstream());
    exchange.endEncoded(splice.keepsClient());
  }

  /** Whether a byte of an answer has arrived whose end has not. */
  boolean isAnswering() {
    return phase == Phase.ANSWERING;
  }

  /** All that has arrived was passed on. */
  void readComplete() {
    loop.flushSoon(this);
  }

  /** Sends the client what was passed on. */
  void flush() {
    if (phase == Phase.ENDED) { // With a flush of its own.
      return;
    }
    exchange.flush();
    if (!exchange.isWritable() && connection != null) {
      clientBehind = true;
      connection.reading(false);
    }
  }

  @Override
  public void writable() {
    if (clientBehind && connection != null) {
      clientBehind = false;
      sinceTick = loop.tick();
      connection.reading(true);
    }
  }

  /**
   * The connection to the replica has ended.
   *
   * @param orderly whether the replica closed it, rather than reset it
   */
  void connectionEnded(String how, boolean orderly) {
    connection = null;
    AnswerSplice splice = required(answer);
    Upstream at = required(upstream);
    if (splice.hasBegun()) {
      if (orderly && splice.endsWithConnection()) {
        splice.status().ifPresent(status -> loop.metrics().relayed(at, status));
        end();
        exchange.endEncoded(false);
      } else {
        at.health().broke(how);
        breakOff(Failure.of(Reason.BROKEN, at, how + " within the answer"), true);
      }
      return;
    }
    boolean again =
        sends < MAX_SENDS && request().relayed().body().length <= loop.limits().maxRetriedBody();
    Failure failure = Failure.of(Reason.CLOSED, at, how + " before it answered");
    leaveUpstream();
    if (kept && again) { // Replicas close kept connections when they like.
      loop.metrics().retried(Reason.CLOSED);
      start(required(choice), false);
      return;
    }
    at.health().broke(how);
    if (again) {
      elsewhere(at, failure);
    } else {
      fail(failure);
    }
  }

  /** Called once a tick. */
  void checkDeadline() {
    RelayLimits limits = loop.limits();
    switch (phase) {
      case WAITING -> {
        if (loop.hasPassed(limits.queue(), sinceTick)) {
          fail(
              new Failure(
                  Reason.NO_REPLICA,
                  "no replica %swithin %d ms%s; see /replicas of the admin listener"
                      .formatted(
                          request().minVersion().isPresent()
                              ? "serves policy version %d or later "
                                  .formatted(request().minVersion().getAsLong())
                              : "takes requests ",
                          limits.queue().toMillis(),
                          loop.isHeld() ? ", while an update or a pause holds them" : "")));
        }
      }
      case SENT -> {
        if (loop.hasPassed(limits.firstByte(), sinceTick)) {
          breakOff(
              Failure.of(
                  Reason.FIRST_BYTE_TIMEOUT,
                  required(upstream),
                  "no byte of an answer within %d ms".formatted(limits.firstByte().toMillis())),
              true);
        }
      }
      case ANSWERING -> {
        if (!clientBehind && loop.hasPassed(limits.idle(), sinceTick)) {
          breakOff(
              Failure.of(
                  Reason.IDLE_TIMEOUT,
                  required(upstream),
                  "no further byte of the answer within %d ms".formatted(limits.idle().toMillis())),
              true);
        }
      }
      case ROUTING, CONNECTING, ENDED -> {}
    }
  }

  /**
   * Ends an exchange with the replica that cannot be completed.
   *
   * @param framed whether the body that was passed on is well formed so far
   */
  private void breakOff(Failure failure, boolean framed) {
    AnswerSplice splice = required(answer);
    if (splice.status().isEmpty()) {
      fail(failure);
      return;
    }
    loop.metrics().failed(failure.reason());
    exchange.brokenOff();
    boolean told = framed && splice.addErrorEvent(failure.body());
    boolean seen = told || !splice.endsWithConnection();
    end();
    if (seen) {
      exchange.endEncoded(false);
    } else {
      exchange.flush();
      exchange.reset();
    }
  }

  private void fail(Failure failure) {
    loop.metrics().failed(failure.reason());
    end();
    exchange.answer(failure.error(id));
  }

  /** The client has left. */
  @Override
  public void disconnected() {
    if (phase != Phase.ENDED) {
      end();
      loop.metrics().clientLeft();
    }
  }

  private void end() {
    phase = Phase.ENDED;
    if (connection != null) {
      connection.release(false);
      connection = null;
    }
    if (upstream != null) {
      leaveUpstream();
    }
    if (answer != null) {
      answer.release();
    }
    releaseBody();
    loop.ended(this);
  }

  private Upstream leaveUpstream() {
    Upstream at = required(upstream);
    upstream = null;
    at.ended();
    return at;
  }

  private void releaseBody() {
    loop.bodies().release(heldBytes);
    heldBytes = 0;
  }

  private static <T> T required(@Nullable T part) {
    return Objects.requireNonNull(part, "a part of a relay in this phase");
  }
}
