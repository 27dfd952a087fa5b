package dev.freshet.lab.route;

import dev.freshet.http.Transport;
import dev.freshet.trace.ThreadPriority;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An inference server without an engine: every completion gets an event at each tick of one clock,
 * as from a decode step that advances all sequences, until its client leaves. A completion whose
 * path is {@link #SILENT} gets a head and no event. It owns its event loop.
 */
final class StampedReplica implements AutoCloseable {
  static final String SILENT = "/v1/silent";

  private static final int MAX_REQUEST_BYTES = 1 << 20;
  private static final Duration END = Duration.ofSeconds(5);
  private static final String HEAD =
      """
      HTTP/1.1 200 OK\r
      content-type: text/event-stream; charset=utf-8\r
      transfer-encoding: chunked\r
      \r
      """;

  /** For routers that ask before they route. */
  private static final String ABOUT =
      "{\"status\":\"ok\",\"object\":\"list\",\"model_path\":\"synthetic\","
          + "\"data\":[{\"id\":\"synthetic\",\"object\":\"model\",\"max_model_len\":4096}]}";

  private final EventLoopGroup group;
  private final LoopbackListener listener;
  private final Set<Channel> streams = new LinkedHashSet<>();
  private final Queue<Long> silentEnds = new ConcurrentLinkedQueue<>();

  /** Written by the event loop only. */
  private final AtomicLong made = new AtomicLong();

  /** Written by the event loop only. */
  private final AtomicLong lost = new AtomicLong();

  /**
   * @param rate ticks a second
   */
  StampedReplica(int number, double rate) {
    this.group = Transport.group("freshet-replica-" + number, 1);
    this.listener = new LoopbackListener(group, MAX_REQUEST_BYTES, Answers::new);
    long period = (long) (1e9 / rate);
    group.execute(() -> ThreadPriority.lower(ThreadPriority.STREAMS));
    var _ = group.scheduleAtFixedRate(this::tick, period, period, TimeUnit.NANOSECONDS);
  }

  private final class Answers extends SimpleChannelInboundHandler<FullHttpRequest> {
    private boolean silent;

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
      if (!request.method().equals(HttpMethod.POST)) {
        String head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
        var _ = ctx.writeAndFlush(ascii(head + ABOUT.length() + "\r\n\r\n" + ABOUT));
        return;
      }
      silent = request.uri().startsWith(SILENT);
      if (!silent) {
        streams.add(ctx.channel());
      }
      var _ = ctx.writeAndFlush(ascii(HEAD));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      streams.remove(ctx.channel());
      if (silent) {
        silentEnds.add(System.nanoTime());
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      Transport.close(ctx.channel());
    }
  }

  private static ByteBuf ascii(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
  }

  /** An event for every stream whose reader keeps up; the others lose it. */
  private void tick() {
    ByteBuf event = StampedEvent.chunk(System.nanoTime());
    int unwritable = 0;
    for (Channel stream : streams) {
      if (stream.isWritable()) {
        var _ = stream.writeAndFlush(event.retainedDuplicate(), stream.voidPromise());
      } else {
        unwritable++;
      }
    }
    event.release();
    made.addAndGet(streams.size());
    lost.addAndGet(unwritable);
  }

  /** Events so far, those that were lost included. */
  long made() {
    return made.get();
  }

  /** Events so far that their streams had no room for. */
  long lost() {
    return lost.get();
  }

  URI url() {
    return listener.url();
  }

  /** When silent completions were found to have lost their clients, in nanoseconds. */
  Queue<Long> silentEnds() {
    return silentEnds;
  }

  @Override
  public void close() {
    listener.close();
    Transport.close(group, END);
  }
}
