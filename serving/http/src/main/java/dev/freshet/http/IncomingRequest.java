package dev.freshet.http;

import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import java.util.Optional;

/**
 * A request that is being read: its head, and the bytes of its body so far. They count against the
 * listener's {@link ByteBudget} until the request is released. The body of a refused request is
 * discarded as it arrives.
 */
final class IncomingRequest {
  private static final String REQUEST_ID = "x-request-id";
  private static final String LAST_EVENT_ID = "last-event-id";

  private final HttpRequest head;
  private final AnswerForm form;
  private final RequestTarget target;
  private final TraceId trace;
  private final Optional<TraceParent> parent;
  private final Optional<ApiError> refusal;
  private final long recvNanos;
  private final ByteBudget budget;
  private ByteBuf body = Unpooled.EMPTY_BUFFER;
  private int arrived;

  private IncomingRequest(
      HttpRequest head,
      AnswerForm form,
      RequestTarget target,
      Optional<ApiError> refusal,
      long recvNanos,
      ByteBudget budget) {
    this.head = head;
    this.form = form;
    this.target = target;
    this.refusal = refusal;
    this.recvNanos = recvNanos;
    this.budget = budget;
    String id = head.headers().get(TraceId.HEADER, "");
    this.parent = TraceParent.parse(head.headers().get(TraceParent.HEADER, ""));
    this.trace =
        TraceId.isValid(id)
            ? new TraceId(id)
            : parent.map(TraceParent::trace).orElseGet(TraceId::random);
  }

  /**
   * A request for the routes.
   *
   * @param recvNanos when its first byte arrived
   */
  static IncomingRequest accepted(
      HttpRequest head, AnswerForm form, RequestTarget target, long recvNanos, ByteBudget budget) {
    return new IncomingRequest(head, form, target, Optional.empty(), recvNanos, budget);
  }

  /** A request that is answered {@code error} once its end has arrived. */
  static IncomingRequest refused(
      HttpRequest head,
      AnswerForm form,
      RequestTarget target,
      long recvNanos,
      ApiError error,
      ByteBudget budget) {
    return new IncomingRequest(head, form, target, Optional.of(error), recvNanos, budget);
  }

  /** What the log says of it. */
  RequestLog.Head logged() {
    String id = head.headers().get(REQUEST_ID, "");
    return new RequestLog.Head(
        id.isEmpty() ? trace.hex() : id, head.method().name(), target.path(), recvNanos);
  }

  /** Its path, decoded unless the request was refused before its target was read. */
  String path() {
    if (!target.equals(RequestTarget.NONE)) {
      return target.path();
    }
    int query = head.uri().indexOf('?');
    return query < 0 ? head.uri() : head.uri().substring(0, query);
  }

  /** The answer to a refused request. */
  Optional<ApiError> refusal() {
    return refusal;
  }

  /**
   * Tells the routes that its head has arrived.
   *
   * @throws ApiException if they refuse it
   */
  void announce(Routes routes) {
    routes.arrived(target.path(), trace, parent, recvNanos);
    if (!isPreflight()) {
      routes.authorize(target.path(), head.headers());
    }
  }

  /** Whether a browser asks if a page of an allowed origin may send a request. */
  boolean isPreflight() {
    return !form.origin().isEmpty() && Cors.isPreflight(head);
  }

  /**
   * Adds bytes to its body.
   *
   * @throws ApiException if the body would exceed {@code maxBytes}, or all bodies their budget
   */
  void append(ByteBuf bytes, int maxBytes, ByteBufAllocator allocator) {
    if (bytes.readableBytes() > maxBytes - arrived) {
      throw new ApiException(HeadRules.tooLarge(maxBytes));
    }
    arrived += bytes.readableBytes();
    if (!bytes.isReadable() || refusal.isPresent()) {
      return;
    }
    if (!budget.reserve(bytes.readableBytes())) {
      throw new ApiException(
          ApiError.unavailable(
              "overloaded", "the server has reached its limit of buffered request bodies; retry"));
    }
    if (!body.isReadable()) {
      body = allocator.buffer(bytes.readableBytes());
    }
    body.writeBytes(bytes);
  }

  /** The whole request, once its end has arrived. */
  Request whole() {
    HttpHeaders headers = head.headers();
    return new Request(
        head.method().name(),
        target.written(),
        target.path(),
        target.query(),
        headers,
        headers.get(HttpHeaderNames.AUTHORIZATION, ""),
        headers.get(REQUEST_ID, ""),
        headers.get(HttpHeaderNames.ACCEPT, ""),
        headers.get(HttpHeaderNames.ACCEPT_ENCODING, ""),
        headers.get(LAST_EVENT_ID, ""),
        headers.get(HttpHeaderNames.ORIGIN, ""),
        ByteBufUtil.getBytes(body),
        trace,
        recvNanos);
  }

  /** The form of its answer. */
  AnswerForm answerForm() {
    return form;
  }

  /** Gives back its body. */
  void release() {
    budget.release(body.readableBytes());
    body.release();
    body = Unpooled.EMPTY_BUFFER;
  }
}
