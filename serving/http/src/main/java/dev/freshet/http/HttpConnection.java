package dev.freshet.http;

import dev.freshet.wire.ErrorBody;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a listener. It passes requests to the routes in order, one at a time. A
 * pipelined request is read after the answers before it, and not before the client has read most of
 * them; until then the connection reads no more than what has arrived already. A request that is
 * refused is read to its end if that is known, else the connection closes after the answer. A
 * client that has ended its sending side gets its answers.
 */
final class HttpConnection extends ChannelInboundHandlerAdapter {
  /** The most decoded parts of pipelined requests that wait; the connection takes no more. */
  private static final int MAX_UNREAD = 512;

  private static final Duration LINGER = Duration.ofSeconds(2);
  private static final ByteBuf CONTINUE =
      Unpooled.unreleasableBuffer(
          Unpooled.copiedBuffer("HTTP/1.1 100 Continue\r\n\r\n", StandardCharsets.US_ASCII));

  private final FirstByteStamp stamp;
  private final ListenerParts parts;
  private final Queue<HttpObject> unread = new ArrayDeque<>();
  private @Nullable ChannelHandlerContext ctx;

  /** The request that is being read. */
  private Optional<IncomingRequest> incoming = Optional.empty();

  /** The request that is being answered. */
  private Optional<Exchange> current = Optional.empty();

  private final ConnectionLog log;
  private final ReadDeadline deadline;
  private Optional<HalfClosedProbe> probe = Optional.empty();
  private boolean advancing;

  /** Whether more was pipelined than the connection takes: it closes after what it took. */
  private boolean full;

  /** Whether the client has ended its sending side: it may still wait for answers. */
  private boolean inputEnded;

  private boolean discarding;
  private boolean closing;

  /** Whether the connection was unwritable at the last tick of the idle timer and still is. */
  private boolean stalled;

  HttpConnection(FirstByteStamp stamp, ListenerParts parts) {
    this.stamp = stamp;
    this.parts = parts;
    this.closing = parts.oneAnswer();
    this.log = new ConnectionLog(parts.requests(), parts.clock());
    this.deadline = new ReadDeadline(parts.limits().request(), this::refuseLate);
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
    if (discarding || full || !(message instanceof HttpObject part)) {
      ReferenceCountUtil.release(message);
      return;
    }
    unread.add(part);
    advance();
    full |= unread.size() >= MAX_UNREAD;
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    awaitRest();
  }

  /** Begins to wait for the rest of a request of which a part has arrived. */
  private void awaitRest() {
    if (stamp.inRequest() && current.isEmpty() && unread.isEmpty() && !discarding) {
      deadline.begin(ctx().executor());
    }
  }

  /** Reads what has arrived, up to the end of a request whose answer takes time. */
  private void advance() {
    if (advancing) {
      return; // Called for an answer that was given at once: the loop below continues.
    }
    advancing = true;
    try {
      while (!unread.isEmpty() && current.isEmpty() && ctx().channel().isWritable()) {
        HttpObject part = unread.remove();
        try {
          read(part);
        } finally {
          ReferenceCountUtil.release(part);
        }
      }
    } finally {
      advancing = false;
    }
    readMoreIf(unread.isEmpty());
    if (!unread.isEmpty() || current.isPresent() || discarding) {
      return;
    }
    if (inputEnded && (incoming.isPresent() || stamp.inRequest())) {
      refuse(
          ApiError.invalid("bad_http", "the client ended the connection within a request"), form());
    } else if (inputEnded || full) {
      closeAfterWriting();
    } else {
      awaitRest();
    }
  }

  private void readMoreIf(boolean wanted) {
    if (ctx().channel().config().isAutoRead() != wanted) {
      ctx().channel().config().setAutoRead(wanted);
    }
  }

  private void read(HttpObject part) {
    if (discarding) {
      return;
    }
    if (part.decoderResult().isFailure()) {
      refuse(
          HeadRules.unreadable(part.decoderResult().cause()),
          part instanceof HttpRequest head ? AnswerForm.of(head, parts.guard()).last() : form());
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

  private void begin(HttpRequest head) {
    int maxBodyBytes = parts.limits().maxBodyBytes();
    AnswerForm form = AnswerForm.of(head, parts.guard());
    RequestTarget target = RequestTarget.NONE;
    try {
      HeadRules.check(head, maxBodyBytes, parts.routes().takesEncodedBodies());
      target = RequestTarget.parse(head.uri());
      parts.guard().check(head, target);
      IncomingRequest request =
          IncomingRequest.accepted(head, form, target, stamp.nanos(), parts.bodies());
      incoming = Optional.of(request);
      request.announce(parts.routes());
      if (HttpUtil.is100ContinueExpected(head)) {
        writeContinue();
      }
    } catch (ApiException e) {
      IncomingRequest refused =
          IncomingRequest.refused(head, form, target, stamp.nanos(), e.error(), parts.bodies());
      dropIncoming();
      incoming = Optional.of(refused);
      if (closing || !HeadRules.canSkipBody(head, maxBodyBytes)) {
        refuse(e.error(), form.last());
      }
    }
  }

  private void append(ByteBuf bytes) {
    IncomingRequest request = incoming.orElseThrow();
    try {
      request.append(bytes, parts.limits().maxBodyBytes(), ctx().alloc());
    } catch (ApiException e) {
      refuse(e.error(), form());
    }
  }

  private void requestRead() {
    IncomingRequest read = incoming.orElseThrow();
    Request request = read.whole();
    Exchange exchange =
        new Exchange(this, ctx().channel(), read.answerForm(), errorForm(read.path()));
    dropIncoming();
    deadline.end();
    stamp.requestEnded();
    parts.cap().used(ctx().channel());
    current = Optional.of(exchange);
    log.begin(read);
    probe.ifPresent(halfClosed -> halfClosed.watch(exchange));
    if (read.refusal().isPresent()) {
      exchange.answer(read.refusal().get());
    } else if (read.isPreflight()) {
      exchange.answer(200, Cors.permission(request.headers()));
    } else {
      handle(request, exchange);
    }
  }

  private void handle(Request request, Exchange exchange) {
    try {
      parts.routes().handle(request, exchange);
    } catch (RuntimeException | Error e) {
      exchange.answer(parts.routes().error(e));
    }
  }

  /** Answers a request without reading it to its end, discards the rest, and closes. */
  private void refuse(ApiError error, AnswerForm form) {
    log.refused(incoming, stamp.nanos(), error.status());
    Body body = error.toBody(errorForm(incoming.map(IncomingRequest::path).orElse("")));
    discardInput();
    readMoreIf(true);
    LingeringClose.after(
        ctx(), AnswerEncoder.answer(ctx().alloc(), error.status(), body, form), LINGER);
  }

  private Function<ErrorBody, byte[]> errorForm(String path) {
    return parts.routes().errorForm(path);
  }

  private void discardInput() {
    discarding = true;
    deadline.end();
    dropIncoming();
    dropUnread();
  }

  private void dropIncoming() {
    incoming.ifPresent(IncomingRequest::release);
    incoming = Optional.empty();
  }

  private void dropUnread() {
    unread.forEach(ReferenceCountUtil::release);
    unread.clear();
  }

  void write(ByteBuf bytes) {
    var _ = ctx().write(bytes, ctx().voidPromise());
  }

  /** Sends the interim response 100. */
  void writeContinue() {
    write(CONTINUE.duplicate());
    flush();
  }

  void flush() {
    ctx().flush();
  }

  /** Whether the client has ended its sending side. */
  boolean hasInputEnded() {
    return inputEnded;
  }

  /** Whether the connection closes after the current answer. */
  boolean isClosing() {
    return closing || ((inputEnded || full) && unread.isEmpty());
  }

  /** Flushes the answer to the current request, then reads the next one or closes. */
  void exchangeEnded(boolean keepAlive) {
    current.ifPresent(exchange -> log.ended(exchange, true));
    current = Optional.empty();
    probe.ifPresent(HalfClosedProbe::end);
    if (!keepAlive) {
      closeAfterWriting();
      return;
    }
    ctx().flush();
    parts.cap().used(ctx().channel());
    advance();
  }

  /** Closes once no request is being answered. Called on the event loop. */
  void drain() {
    closing = true;
    if (current.isEmpty()) {
      closeAfterWriting();
    }
  }

  private void closeAfterWriting() {
    boolean sending = full || !unread.isEmpty() || incoming.isPresent();
    discardInput();
    if (sending) {
      readMoreIf(true);
      LingeringClose.after(ctx(), Unpooled.EMPTY_BUFFER, LINGER);
    } else {
      var _ = ctx().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    stalled = false;
    if (context.channel().isWritable()) {
      current.ifPresent(exchange -> exchange.watcher().writable());
      advance();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent
        || (event instanceof SslCloseCompletionEvent closed && closed.isSuccess())) {
      inputEnded();
    } else if (event instanceof IdleStateEvent) {
      idle();
    }
  }

  /** The client sends nothing more. It is answered what it has asked for, if it is still there. */
  private void inputEnded() {
    if (inputEnded) {
      return; // TLS ends the input first, then TCP.
    }
    inputEnded = true;
    if (current.map(Exchange::endsWithInput).orElse(false)) {
      Transport.close(ctx().channel());
      return;
    }
    if (discarding) {
      if (((DuplexChannel) ctx().channel()).isOutputShutdown()) {
        Transport.close(ctx().channel());
      }
      return;
    }
    HalfClosedProbe halfClosed = new HalfClosedProbe(ctx().channel());
    probe = Optional.of(halfClosed);
    current.ifPresent(halfClosed::watch);
    advance();
  }

  private void idle() {
    if (current.isPresent()) {
      if (stalled) {
        Transport.close(ctx().channel());
      }
      stalled = !ctx().channel().isWritable();
    } else {
      Transport.close(ctx().channel());
    }
  }

  private void refuseLate() {
    refuse(
        new ApiError(
            408,
            new ErrorBody(
                "the request did not arrive whole within %d ms of its first byte"
                    .formatted(parts.limits().request().toMillis()),
                "invalid_request_error",
                "timeout")),
        form());
  }

  /** The form of the last answer, to the request that is being read. */
  private AnswerForm form() {
    return incoming.map(IncomingRequest::answerForm).orElse(AnswerForm.PLAIN).last();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    discardInput();
    probe.ifPresent(HalfClosedProbe::end);
    current.ifPresent(exchange -> exchange.watcher().disconnected());
    current.ifPresent(exchange -> log.ended(exchange, false));
    current = Optional.empty();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // Mostly a reset by the client. The exchange learns of it when the channel becomes inactive.
    Transport.close(context.channel());
  }
}
