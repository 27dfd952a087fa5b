package dev.freshet.lab.route;

import dev.freshet.http.Transport;
import dev.freshet.wire.UpdatePhase;
import dev.freshet.wire.UpdateWeightsRequest;
import dev.freshet.wire.WeightInfo;
import dev.freshet.wire.WireWriter;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpRequest;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The admin listener of a Freshet server without an engine: it prepares weights for a while, as if
 * it mapped and verified them beside its traffic, and commits them at once. It reports the time
 * that it took.
 */
final class StampedAdmin implements AutoCloseable {
  private static final int MAX_REQUEST_BYTES = 1 << 16;

  private final Duration work;
  private final LoopbackListener listener;
  private long version;

  /**
   * @param group carries out the calls; may be shared with other listeners
   * @param work how long it prepares
   */
  StampedAdmin(EventLoopGroup group, Duration work) {
    this.work = work;
    this.listener = new LoopbackListener(group, MAX_REQUEST_BYTES, Answers::new);
  }

  private final class Answers extends SimpleChannelInboundHandler<FullHttpRequest> {
    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
      if (!request.uri().equals("/update_weights")) {
        answer(ctx, new WeightInfo(Long.toString(version)).toJson());
        return;
      }
      long start = System.nanoTime();
      UpdateWeightsRequest update =
          UpdateWeightsRequest.parse(ByteBufUtil.getBytes(request.content()));
      if (update.phase() == UpdatePhase.COMMIT) {
        version = update.step().orElseThrow();
        answer(ctx, done(start));
      } else {
        var _ =
            ctx.executor()
                .schedule(() -> answer(ctx, done(start)), work.toNanos(), TimeUnit.NANOSECONDS);
      }
    }

    private byte[] done(long start) {
      return WireWriter.object(
          out -> {
            out.writeStringProperty("status", "ok");
            out.writeNumberProperty("rpc_ms", (System.nanoTime() - start) / 1e6);
            out.writeStringProperty("weight_version", Long.toString(version));
          });
    }

    private void answer(ChannelHandlerContext ctx, byte[] json) {
      String head =
          "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: "
              + json.length
              + "\r\n\r\n";
      var _ =
          ctx.writeAndFlush(Unpooled.wrappedBuffer(head.getBytes(StandardCharsets.US_ASCII), json))
              .addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      Transport.close(ctx.channel());
    }
  }

  URI url() {
    return listener.url();
  }

  @Override
  public void close() {
    listener.close();
  }
}
