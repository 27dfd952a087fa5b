package dev.freshet.client;

import dev.freshet.client.StreamException.Kind;
import dev.freshet.http.Transport;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.EventStream;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.WireException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * A connection of the streaming client: carries one call at a time and returns to the pool when the
 * whole answer is read. Its state is confined to its event loop; {@link #run} and {@link #close}
 * may be called from any thread.
 */
final class StreamConnection extends SimpleChannelInboundHandler<HttpObject> {
  private static final int MAX_ERROR_BYTES = 64 << 10;
  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  private final Origin origin;
  private final ConnectionPool pool;
  private volatile @Nullable Channel channel;
  private volatile Optional<Future<?>> idleTimer = Optional.empty();

  private Optional<StreamCall> call = Optional.empty();
  private EventStream events = new EventStream(CompletionAssembler.MAX_EVENT_BYTES);
  private ByteArrayOutputStream error = new ByteArrayOutputStream(0);
  private boolean kept;
  private boolean answered;
  private boolean reusable;
  private boolean done;
  private int status;
  private String brokenBy = "the server closed the connection";

  StreamConnection(Origin origin, ConnectionPool pool) {
    this.origin = origin;
    this.pool = pool;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    channel = ctx.channel();
  }

  Origin origin() {
    return origin;
  }

  EventLoop loop() {
    return channel().eventLoop();
  }

  boolean isActive() {
    return channel().isActive();
  }

  void idleTimer(Future<?> timer) {
    idleTimer = Optional.of(timer);
  }

  void close() {
    Transport.close(channel());
  }

  private Channel channel() {
    return Objects.requireNonNull(channel, "connection before its channel");
  }

  /**
   * Sends the request of {@code next}; {@code fromPool} if the connection carried a call before.
   */
  void run(StreamCall next, boolean fromPool) {
    idleTimer.ifPresent(timer -> timer.cancel(false));
    if (loop().inEventLoop()) {
      send(next, fromPool);
    } else {
      loop().execute(() -> send(next, fromPool));
    }
  }

  private void send(StreamCall next, boolean fromPool) {
    if (!isActive() && fromPool) {
      next.beginFresh();
      return;
    }
    if (!next.attach(this)) {
      close();
      return;
    }
    call = Optional.of(next);
    events = new EventStream(CompletionAssembler.MAX_EVENT_BYTES);
    error = new ByteArrayOutputStream(0);
    kept = fromPool;
    answered = false;
    reusable = false;
    done = false;
    status = 0;
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1,
            HttpMethod.POST,
            next.path(),
            Unpooled.wrappedBuffer(next.body()));
    request
        .headers()
        .set(HttpHeaderNames.HOST, origin.authority())
        .set(HttpHeaderNames.ACCEPT, HttpHeaderValues.TEXT_EVENT_STREAM)
        .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
        .setInt(HttpHeaderNames.CONTENT_LENGTH, next.body().length);
    pool.authorization()
        .ifPresent(key -> request.headers().set(HttpHeaderNames.AUTHORIZATION, key));
    channel()
        .writeAndFlush(request)
        .addListener(
            written -> {
              if (!written.isSuccess()) {
                brokenBy = "writing the request failed: " + OneLine.of(written.cause());
                close();
              }
            });
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
    if (call.isEmpty()) {
      close();
      return;
    }
    StreamCall reading = call.get();
    answered = true;
    if (part.decoderResult().isFailure()) {
      reading.fail(Kind.MALFORMED, "not HTTP: " + OneLine.of(part.decoderResult().cause()));
      close();
      return;
    }
    if (part instanceof HttpResponse head) {
      head(reading, head);
    }
    if (part instanceof HttpContent content) {
      content(reading, content.content());
    }
    if (part instanceof LastHttpContent) {
      end(reading);
    }
  }

  private void head(StreamCall reading, HttpResponse head) {
    status = head.status().code();
    reusable = HttpUtil.isKeepAlive(head);
    String type = head.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    if (status == 200 && !type.startsWith("text/event-stream")) {
      reading.fail(
          Kind.MALFORMED, "content type: expected text/event-stream, got '%s'".formatted(type));
    }
  }

  private void content(StreamCall reading, ByteBuf bytes) {
    if (status == 200) {
      try {
        events.feed(bytes, (json, length) -> event(reading, json, length));
      } catch (WireException e) {
        reading.fail(Kind.MALFORMED, e.getMessage());
      }
    } else {
      byte[] some = new byte[Math.min(bytes.readableBytes(), MAX_ERROR_BYTES - error.size())];
      bytes.readBytes(some);
      error.writeBytes(some);
    }
  }

  private boolean event(StreamCall reading, byte[] json, int length) {
    if (done) {
      return true;
    }
    if (Arrays.equals(json, 0, length, DONE, 0, DONE.length)) {
      done = true;
      return true;
    }
    return reading.event(json, length);
  }

  private void end(StreamCall reading) {
    if (status == 200 && !done) {
      reading.fail(
          Kind.TRUNCATED,
          "the stream ended without [DONE], after %d tokens".formatted(reading.tokens()));
      return;
    }
    call = Optional.empty();
    reading.detach();
    if (reusable) {
      pool.keep(this);
    } else {
      close();
    }
    if (status == 200) {
      reading.done();
    } else {
      reading.refused(status, ErrorBody.parse(error.toByteArray(), status));
    }
  }

  /**
   * Completes the call at {@code [DONE]}, without waiting for the end of the HTTP answer. Usually
   * one read has both, and the connection is then free for the caller's next call.
   */
  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (done) {
      call.ifPresent(StreamCall::done);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    idleTimer.ifPresent(timer -> timer.cancel(false));
    pool.forget(this);
    if (call.isEmpty()) {
      return;
    }
    StreamCall broken = call.get();
    call = Optional.empty();
    if (done) {
      broken.detach();
      broken.done();
    } else if (kept && !answered && !broken.result().isDone()) {
      broken.beginFresh();
    } else {
      broken.fail(Kind.TRUNCATED, "%s after %d tokens".formatted(brokenBy, broken.tokens()));
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    brokenBy = "the connection broke (" + OneLine.of(cause) + ")";
    close();
  }
}
