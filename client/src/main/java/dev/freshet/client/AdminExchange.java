package dev.freshet.client;

import dev.freshet.trace.MonotonicClock;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One admin request on a connection of its own: connect, write, read the whole answer, close. The
 * calling thread is its event loop, so that no step waits for another thread to be woken; every
 * step has its deadline.
 */
final class AdminExchange extends SimpleChannelInboundHandler<FullHttpResponse> {
  /** An answer, when the connection was established and when the whole answer was there. */
  record Answer(int status, byte[] body, long connectedNanos, long answeredNanos) {}

  private static final int MAX_ANSWER_BYTES = 1 << 20;

  /** By how much the caller outwaits the sum of the deadlines, lest the loop itself be stuck. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  /** How often the caller looks up from the connection, to see whether it was interrupted. */
  private static final long LOOK_UP_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final AdminRequest request;
  private final AdminDeadlines deadlines;
  private final MonotonicClock clock;
  private final CompletableFuture<Answer> answer = new CompletableFuture<>();
  private final ManualIoEventLoop loop = Transport.callersLoop();

  /** Set by the one that decides the request's fate: the loop to write it, or the caller not to. */
  private final AtomicBoolean decided = new AtomicBoolean();

  private long connectedNanos;

  private AdminExchange(AdminRequest request, AdminDeadlines deadlines, MonotonicClock clock) {
    this.request = request;
    this.deadlines = deadlines;
    this.clock = clock;
  }

  /**
   * Begins to connect to {@code address}, on behalf of the calling thread, which then {@link
   * #await}s.
   */
  static AdminExchange start(
      InetAddress address, AdminRequest request, AdminDeadlines deadlines, MonotonicClock clock) {
    AdminExchange exchange = new AdminExchange(request, deadlines, clock);
    exchange.connect(new InetSocketAddress(address, request.origin().port()));
    return exchange;
  }

  private void connect(InetSocketAddress server) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(Transport.socket())
            .option(ChannelOption.TCP_NODELAY, true)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                Math.toIntExact(Math.max(1, deadlines.connect().toMillis())))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new HttpClientCodec(),
                            new HttpObjectAggregator(MAX_ANSWER_BYTES),
                            AdminExchange.this);
                  }
                });
    ChannelFuture connected = bootstrap.connect(server);
    var _ = answer.whenComplete((done, error) -> Transport.close(connected.channel()));
    connected.addListener(this::connected);
  }

  private void connected(Future<? super Void> connected) {
    if (connected.cause() instanceof ConnectTimeoutException) {
      notSent(
          "connect_timeout",
          "no connection within %d ms".formatted(deadlines.connect().toMillis()));
    } else if (connected.cause() != null) {
      notSent("unreachable", "cannot connect: " + OneLine.of(connected.cause()));
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    connectedNanos = clock.nanos();
    if (!decided.compareAndSet(false, true)) {
      Transport.close(ctx.channel());
      return;
    }
    Future<?> writeTimeout =
        expire(ctx, deadlines.write(), "write_timeout", "the request was not written");
    ctx.writeAndFlush(request.toHttp())
        .addListener(
            written -> {
              writeTimeout.cancel(false);
              if (written.isSuccess()) {
                Future<?> readTimeout =
                    expire(ctx, request.readDeadline(), "read_timeout", "no answer");
                var _ = answer.whenComplete((done, error) -> readTimeout.cancel(false));
              } else {
                sent("write_failed", "writing failed: " + OneLine.of(written.cause()));
              }
            });
  }

  private Future<?> expire(
      ChannelHandlerContext ctx, Duration deadline, String code, String message) {
    return ctx.executor()
        .schedule(
            () -> sent(code, "%s within %d ms".formatted(message, deadline.toMillis())),
            deadline.toNanos(),
            TimeUnit.NANOSECONDS);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, FullHttpResponse response) {
    if (response.decoderResult().isFailure()) {
      sent("bad_answer", "not HTTP: " + OneLine.of(response.decoderResult().cause()));
      return;
    }
    Answer whole =
        new Answer(
            response.status().code(),
            ByteBufUtil.getBytes(response.content()),
            connectedNanos,
            clock.nanos());
    // Closed before the caller goes on, so that its next call is the only connection; that the
    // channel has gone inactive is told after this method.
    Transport.close(ctx.channel());
    answer.complete(whole);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    sent("closed", "the server closed the connection before the whole answer was there");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    sent("closed", "the connection broke: " + OneLine.of(cause));
  }

  /**
   * Carries the exchange out and returns its answer. Called once, by the thread that started it.
   */
  Answer await() {
    try {
      Duration most =
          deadlines.connect().plus(deadlines.write()).plus(request.readDeadline()).plus(GRACE);
      long end = clock.nanos() + most.toNanos();
      while (!answer.isDone()) {
        long left = end - clock.nanos();
        if (left <= 0) {
          throw breakOff("read_timeout", "no answer within %d ms".formatted(most.toMillis()));
        }
        if (Thread.currentThread().isInterrupted()) {
          throw breakOff("interrupted", "interrupted while waiting for the answer");
        }
        loop.run(Math.min(left, LOOK_UP_NANOS));
      }
      return answer.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AdminException error) {
        throw error;
      }
      throw new IllegalStateException(request.call(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw breakOff("interrupted", "interrupted while waiting for the answer");
    } finally {
      endLoop();
    }
  }

  /** Closes the connection, if it still is one, and frees what the loop holds. */
  private void endLoop() {
    var _ = loop.shutdownGracefully(0, GRACE.toMillis(), TimeUnit.MILLISECONDS);
    long end = clock.nanos() + GRACE.toNanos();
    while (!loop.isTerminated() && clock.nanos() < end) {
      loop.run(LOOK_UP_NANOS);
    }
  }

  /** Ends the exchange without its answer, unless it has ended. */
  AdminException breakOff(String code, String message) {
    AdminException error =
        decided.compareAndSet(false, true)
            ? AdminException.notSent(request.call(), code, message)
            : AdminException.sent(request.call(), code, message);
    answer.completeExceptionally(error);
    loop.wakeup();
    return error;
  }

  private void notSent(String code, String message) {
    answer.completeExceptionally(AdminException.notSent(request.call(), code, message));
  }

  private void sent(String code, String message) {
    answer.completeExceptionally(AdminException.sent(request.call(), code, message));
  }
}
