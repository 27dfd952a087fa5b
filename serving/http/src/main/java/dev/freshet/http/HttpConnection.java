package dev.freshet.http;

import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.ErrorBody;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a listener. It reads requests and passes them to the routes in order, one at a
 * time; at most {@value #MAX_PIPELINED} pipelined requests wait for the answers before theirs. A
 * request that cannot be read is answered with an error, and the connection closes.
 */
final class HttpConnection extends ChannelInboundHandlerAdapter {
  private static final int MAX_PIPELINED = 4;
  private static final Duration LINGER = Duration.ofSeconds(2);
  private static final String REQUEST_ID = "x-request-id";
  private static final String LAST_EVENT_ID = "last-event-id";
  private static final ByteBuf CONTINUE =
      Unpooled.unreleasableBuffer(
          Unpooled.copiedBuffer("HTTP/1.1 100 Continue\r\n\r\n", StandardCharsets.US_ASCII));

  private final FirstByteStamp stamp;
  private final Routes routes;
  private final int maxBodyBytes;
  private final BodyBudget bodies;
  private final ConnectionCap cap;
  private final Queue<Pipelined> pipelined = new ArrayDeque<>();

  /** A request that waits until those before it are answered. */
  private record Pipelined(Request request, Exchange exchange) {}

  private @Nullable ChannelHandlerContext ctx;
  private Optional<HttpRequest> head = Optional.empty();
  private ByteBuf body = Unpooled.EMPTY_BUFFER;
  private TraceId trace = TraceId.random();
  private long recvNanos;
  private Optional<Exchange> current = Optional.empty();
  private boolean discarding;
  private boolean closing;

  /** Whether the connection was unwritable at the last tick of the idle timer and still is. */
  private boolean stalled;

  HttpConnection(
      FirstByteStamp stamp, Routes routes, int maxBodyBytes, BodyBudget bodies, ConnectionCap cap) {
    this.stamp = stamp;
    this.routes = routes;
    this.maxBodyBytes = maxBodyBytes;
    this.bodies = bodies;
    this.cap = cap;
  }

  /** Whether no request of {@code channel} is being answered. Called on its event loop. */
  static boolean isIdle(Channel channel) {
    HttpConnection connection = channel.pipeline().get(HttpConnection.class);
    return connection == null || connection.current.isEmpty();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
  }

  private ChannelHandlerContext ctx() {
    return Objects.requireNonNull(ctx, "no channel yet");
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    try {
      if (!discarding && message instanceof HttpObject part) {
        read(part);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void read(HttpObject part) {
    if (part.decoderResult().isFailure()) {
      refuse(unreadable(part.decoderResult().cause()));
      return;
    }
    if (part instanceof HttpRequest request) {
      begin(request);
    }
    if (!discarding && part instanceof HttpContent content) {
      append(content.content());
    }
    if (!discarding && part instanceof LastHttpContent) {
      requestRead();
    }
  }

  private void begin(HttpRequest request) {
    head = Optional.of(request);
    recvNanos = stamp.nanos();
    String id = request.headers().get(TraceId.HEADER, "");
    Optional<TraceParent> parent = TraceParent.parse(request.headers().get(TraceParent.HEADER, ""));
    trace =
        TraceId.isValid(id)
            ? new TraceId(id)
            : parent.map(TraceParent::trace).orElseGet(TraceId::random);
    routes.arrived(path(request), trace, parent, recvNanos);
    if (HttpUtil.getContentLength(request, 0L) > maxBodyBytes) {
      refuse(tooLarge());
    } else if (HttpUtil.is100ContinueExpected(request)) {
      write(CONTINUE.duplicate());
      ctx().flush();
    }
  }

  private void append(ByteBuf bytes) {
    if (bytes.readableBytes() > maxBodyBytes - body.readableBytes()) {
      refuse(tooLarge());
    } else if (!bodies.reserve(bytes.readableBytes())) {
      refuse(
          ApiError.unavailable(
              "overloaded", "the server has reached its limit of buffered request bodies; retry"));
    } else if (bytes.isReadable()) {
      if (!body.isReadable()) {
        body = ctx().alloc().buffer(bytes.readableBytes());
      }
      body.writeBytes(bytes);
    }
  }

  private void requestRead() {
    HttpRequest read = head.orElseThrow();
    Request request =
        new Request(
            read.method().name(),
            path(read),
            query(read),
            read.headers().get(HttpHeaderNames.AUTHORIZATION, ""),
            read.headers().get(REQUEST_ID, ""),
            read.headers().get(HttpHeaderNames.ACCEPT, ""),
            read.headers().get(HttpHeaderNames.ACCEPT_ENCODING, ""),
            read.headers().get(LAST_EVENT_ID, ""),
            read.headers().get(HttpHeaderNames.ORIGIN, ""),
            isFromLoopback(),
            ByteBufUtil.getBytes(body),
            trace,
            recvNanos);
    Exchange exchange =
        new Exchange(
            this,
            ctx().channel(),
            read.protocolVersion().equals(HttpVersion.HTTP_1_1),
            HttpUtil.isKeepAlive(read));
    releaseBody();
    head = Optional.empty();
    stamp.requestEnded();
    cap.used(ctx().channel());
    if (current.isEmpty()) {
      handle(request, exchange);
    } else if (pipelined.size() < MAX_PIPELINED) {
      pipelined.add(new Pipelined(request, exchange));
    } else {
      bodies.release(request.body().length);
      Transport.close(ctx().channel());
    }
  }

  private void handle(Request request, Exchange exchange) {
    bodies.release(request.body().length);
    current = Optional.of(exchange);
    try {
      routes.handle(request, exchange);
    } catch (RuntimeException e) {
      exchange.answer(routes.error(e));
    }
  }

  private static String path(HttpRequest request) {
    String uri = request.uri();
    int query = uri.indexOf('?');
    return query < 0 ? uri : uri.substring(0, query);
  }

  private boolean isFromLoopback() {
    return ctx().channel().remoteAddress() instanceof InetSocketAddress peer
        && peer.getAddress().isLoopbackAddress();
  }

  private static Map<String, String> query(HttpRequest request) {
    if (request.uri().indexOf('?') < 0) {
      return Map.of();
    }
    Map<String, String> first = new HashMap<>();
    new QueryStringDecoder(request.uri())
        .parameters()
        .forEach((name, values) -> first.put(name, values.getFirst()));
    return first;
  }

  private ApiError tooLarge() {
    return new ApiError(
        413,
        new ErrorBody(
            "body: expected at most %d bytes".formatted(maxBodyBytes),
            "invalid_request_error",
            "body_too_large"));
  }

  private static ApiError unreadable(Throwable cause) {
    int status =
        switch (cause) {
          case TooLongHttpLineException e -> 414;
          case TooLongHttpHeaderException e -> 431;
          default -> 400;
        };
    return new ApiError(
        status,
        new ErrorBody(
            "malformed HTTP request: " + cause.getMessage(), "invalid_request_error", "bad_http"));
  }

  /** Answers a request without reading it to its end, discards the rest, and closes. */
  private void refuse(ApiError error) {
    discarding = true;
    dropBody();
    if (current.isPresent()) {
      Transport.close(ctx().channel());
      return;
    }
    Body answer = Body.json(error.body().toJson());
    LingeringClose.after(
        ctx(), AnswerEncoder.answer(ctx().alloc(), error.status(), answer, false), LINGER);
  }

  private void dropBody() {
    bodies.release(body.readableBytes());
    releaseBody();
  }

  private void releaseBody() {
    body.release();
    body = Unpooled.EMPTY_BUFFER;
  }

  private void dropPipelined() {
    pipelined.forEach(waiting -> bodies.release(waiting.request().body().length));
    pipelined.clear();
  }

  void write(ByteBuf bytes) {
    var _ = ctx().write(bytes, ctx().voidPromise());
  }

  void flush() {
    ctx().flush();
  }

  /** Whether the connection closes after the current answer. */
  boolean isClosing() {
    return closing;
  }

  /** Flushes the answer to the current request, then reads the next one or closes. */
  void exchangeEnded(boolean keepAlive) {
    current = Optional.empty();
    if (!keepAlive) {
      closeAfterWriting();
      return;
    }
    ctx().flush();
    cap.used(ctx().channel());
    Pipelined next = pipelined.poll();
    if (next != null) {
      handle(next.request(), next.exchange());
    } else if (closing) {
      closeAfterWriting();
    }
  }

  /** Closes once no request is being answered. Called on the event loop. */
  void drain() {
    closing = true;
    if (current.isEmpty()) {
      closeAfterWriting();
    }
  }

  private void closeAfterWriting() {
    discarding = true;
    dropPipelined();
    var _ = ctx().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    stalled = false;
    if (context.channel().isWritable()) {
      current.ifPresent(exchange -> exchange.watcher().writable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof IdleStateEvent)) {
      return;
    }
    if (current.isPresent()) {
      if (stalled) {
        Transport.close(context.channel());
      }
      stalled = !context.channel().isWritable();
    } else if (head.isPresent() && !discarding) {
      refuse(
          new ApiError(
              408,
              new ErrorBody(
                  "the request did not arrive whole within the idle timeout",
                  "invalid_request_error",
                  "timeout")));
    } else {
      Transport.close(context.channel());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    discarding = true;
    dropBody();
    dropPipelined();
    current.ifPresent(exchange -> exchange.watcher().disconnected());
    current = Optional.empty();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // Mostly a reset by the client. The exchange learns of it when the channel becomes inactive.
    Transport.close(context.channel());
  }
}
