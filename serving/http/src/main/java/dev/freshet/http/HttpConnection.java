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
import io.netty.channel.socket.DuplexChannel;
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
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a listener: reads requests and has them answered in order, one at a time.
 * Requests sent ahead of the answer wait, at most {@value #MAX_AHEAD} of them. A request that
 * cannot be read is answered with an error, after which the connection closes.
 */
final class HttpConnection extends ChannelInboundHandlerAdapter {
  private static final int MAX_AHEAD = 4;
  private static final int LINGER_SECONDS = 2;
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
  private final Queue<Ahead> ahead = new ArrayDeque<>();

  /** A request that waits until those before it are answered. */
  private record Ahead(Request request, Exchange exchange) {}

  private @Nullable ChannelHandlerContext ctx;
  private Optional<HttpRequest> head = Optional.empty();
  private ByteBuf body = Unpooled.EMPTY_BUFFER;
  private TraceId trace = TraceId.random();
  private long recvNanos;
  private Optional<Exchange> current = Optional.empty();
  private boolean discarding;
  private boolean closing;

  /** Whether the client has taken nothing since the last tick of the idle timer. */
  private boolean stalled;

  HttpConnection(
      FirstByteStamp stamp, Routes routes, int maxBodyBytes, BodyBudget bodies, ConnectionCap cap) {
    this.stamp = stamp;
    this.routes = routes;
    this.maxBodyBytes = maxBodyBytes;
    this.bodies = bodies;
    this.cap = cap;
  }

  /** Whether {@code channel} has no request that is being answered. On its event loop. */
  static boolean isIdle(Channel channel) {
    HttpConnection connection = channel.pipeline().get(HttpConnection.class);
    return connection == null || connection.current.isEmpty();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
  }

  private ChannelHandlerContext ctx() {
    return Objects.requireNonNull(ctx, "connection before its channel");
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
    } else if (!bodies.take(bytes.readableBytes())) {
      refuse(ApiError.unavailable("overloaded", "too many request bodies are under way"));
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
            isFromThisHost(),
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
    } else if (ahead.size() < MAX_AHEAD) {
      ahead.add(new Ahead(request, exchange));
    } else {
      bodies.giveBack(request.body().length);
      Transport.close(ctx().channel());
    }
  }

  private void handle(Request request, Exchange exchange) {
    bodies.giveBack(request.body().length);
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

  private boolean isFromThisHost() {
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
        new ErrorBody("not HTTP: " + cause.getMessage(), "invalid_request_error", "bad_http"));
  }

  /**
   * Answers a request that is not read to its end, and closes. What the client still sends is taken
   * and thrown away for a while: closing at once would reset the connection before it reads why.
   */
  private void refuse(ApiError error) {
    discarding = true;
    forgetBody();
    if (current.isPresent()) {
      Transport.close(ctx().channel());
      return;
    }
    Body answer = Body.json(error.body().toJson());
    ByteBuf out = ctx().alloc().buffer(answer.bytes().length + 256);
    HttpHead.of(out, error.status(), answer, false);
    out.writeBytes(answer.bytes());
    var _ =
        ctx()
            .writeAndFlush(out)
            .addListener(
                written -> {
                  var _ = ((DuplexChannel) ctx().channel()).shutdownOutput();
                });
    var _ =
        ctx()
            .executor()
            .schedule(() -> Transport.close(ctx().channel()), LINGER_SECONDS, TimeUnit.SECONDS);
  }

  private void forgetBody() {
    bodies.giveBack(body.readableBytes());
    releaseBody();
  }

  private void releaseBody() {
    body.release();
    body = Unpooled.EMPTY_BUFFER;
  }

  private void forgetAhead() {
    ahead.forEach(waiting -> bodies.giveBack(waiting.request().body().length));
    ahead.clear();
  }

  void write(ByteBuf bytes) {
    var _ = ctx().write(bytes, ctx().voidPromise());
  }

  void flush() {
    ctx().flush();
  }

  /** Whether the connection closes after the answer being made. */
  boolean isClosing() {
    return closing;
  }

  /** The answer to the current request is written; flushes it. */
  void exchangeEnded(boolean again) {
    current = Optional.empty();
    if (!again) {
      closeAfterWriting();
      return;
    }
    ctx().flush();
    cap.used(ctx().channel());
    Ahead next = ahead.poll();
    if (next != null) {
      handle(next.request(), next.exchange());
    } else if (closing) {
      closeAfterWriting();
    }
  }

  /** Closes as soon as no request is being answered. On the event loop. */
  void drain() {
    closing = true;
    if (current.isEmpty()) {
      closeAfterWriting();
    }
  }

  private void closeAfterWriting() {
    discarding = true;
    forgetAhead();
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
                  "the request stopped before its end", "invalid_request_error", "timeout")));
    } else {
      Transport.close(context.channel());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    discarding = true;
    forgetBody();
    forgetAhead();
    current.ifPresent(exchange -> exchange.watcher().gone());
    current = Optional.empty();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A reset by the client, mostly; the exchange learns of it from the channel going inactive.
    Transport.close(context.channel());
  }
}
