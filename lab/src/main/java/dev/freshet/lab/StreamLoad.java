package dev.freshet.lab;

import dev.freshet.client.Transport;
import dev.freshet.trace.ThreadPriority;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Completions that stream all the time, and a count of what comes: as little work as a client can
 * have, so that it leaves the machine to the server it measures. A stream that ends is replaced.
 * All of them live on one event loop, which it owns; events are counted, never parsed.
 */
final class StreamLoad implements CountedStream.Owner, AutoCloseable {
  /** How many streams may be between connecting and the answer's head. */
  private static final int OPENING = 256;

  private static final int PROMPT_TOKENS = 1;
  private static final int READ_BYTES = 4 << 10;
  private static final int CONNECT_MS = 20_000;
  private static final int RETRY_MS = 100;
  private static final Duration ANSWER = Duration.ofSeconds(20);
  private static final Duration CLOSE = Duration.ofSeconds(10);

  /**
   * What has come so far.
   *
   * @param streaming the streams whose answer has begun and not ended
   * @param failed connections that could not be made, were refused, or broke
   * @param failure what the first of those was
   */
  record Counts(long events, long bytes, int streaming, long failed, Optional<String> failure) {}

  private final int streams;
  private final byte[] request;
  private final EventLoopGroup group = Transport.group("freshet-load", 1);
  private final EventLoop loop = group.next();
  private final Bootstrap bootstrap;

  private int opening;
  private int streaming;
  private long events;
  private long bytes;
  private long failed;
  private Optional<String> failure = Optional.empty();
  private volatile boolean closing;

  /** Begins to open {@code streams} completions of {@code maxTokens} tokens at the server. */
  StreamLoad(URI server, int streams, int maxTokens) {
    this.streams = streams;
    this.request = new StreamRequests(server).bytes(PROMPT_TOKENS, maxTokens);
    this.bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(Transport.socket())
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MS)
            .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BYTES))
            .remoteAddress(new InetSocketAddress(server.getHost(), server.getPort()))
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new CountedStream(StreamLoad.this, request));
                  }
                });
    loop.execute(() -> ThreadPriority.lower(ThreadPriority.STREAMS));
    loop.execute(this::fill);
  }

  /** Opens what is missing, as far as may be opening at once. */
  private void fill() {
    int missing = Math.min(OPENING - opening, streams - opening - streaming);
    for (int i = 0; i < missing && !closing; i++) {
      opening++;
      var _ = bootstrap.connect().addListener(this::connected);
    }
  }

  private void connected(Future<? super Void> connecting) {
    if (!connecting.isSuccess()) {
      ended(false, Optional.of("cannot connect: " + connecting.cause().getMessage()));
    }
  }

  @Override
  public void began() {
    opening--;
    streaming++;
    fill();
  }

  @Override
  public void received(int freshEvents, int freshBytes) {
    events += freshEvents;
    bytes += freshBytes;
  }

  @Override
  public void ended(boolean begun, Optional<String> trouble) {
    if (begun) {
      streaming--;
    } else {
      opening--;
    }
    if (closing) {
      return;
    }
    if (trouble.isPresent()) {
      failed++;
      failure = failure.or(() -> trouble);
      var _ = loop.schedule(this::fill, RETRY_MS, TimeUnit.MILLISECONDS);
    } else {
      fill();
    }
  }

  /** What has come so far. */
  Counts counts() {
    FutureTask<Counts> task =
        new FutureTask<>(() -> new Counts(events, bytes, streaming, failed, failure));
    loop.execute(task);
    try {
      return task.get(ANSWER.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new LabException("the load's event loop did not answer: " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while streams were counted", e);
    }
  }

  /** Waits until all streams stream. */
  void awaitStreaming(Duration most) throws InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    for (Counts now = counts(); now.streaming() < streams; now = counts()) {
      if (System.nanoTime() - end > 0) {
        throw new LabException(
            "%d of %d streams began within %d s%s"
                .formatted(
                    now.streaming(),
                    streams,
                    most.toSeconds(),
                    now.failure().map(first -> "; the first failure: " + first).orElse("")));
      }
      Thread.sleep(20);
    }
  }

  @Override
  public void close() {
    closing = true;
    Transport.close(group, CLOSE);
  }
}
