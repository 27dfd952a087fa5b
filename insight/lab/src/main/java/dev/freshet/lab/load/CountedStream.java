package dev.freshet.lab.load;

import dev.freshet.http.Transport;
import dev.freshet.wire.ErrorBody;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * One connection of a load: sends the request, checks the status line and then counts the empty
 * lines that end an event, without parsing. The stream is complete if its last bytes are the end of
 * a chunked body.
 */
final class CountedStream extends ChannelInboundHandlerAdapter {
  /** Receives the counts. Called on the connection's event loop. */
  interface Owner {
    /** The response has begun. */
    void began();

    /** More of the response has arrived. */
    void received(int freshEvents, int freshBytes);

    /**
     * The connection is closed.
     *
     * @param begun whether the response had begun
     * @param failure why the stream is incomplete; empty if it is complete
     */
    void ended(boolean begun, Optional<String> failure);
  }

  private static final byte[] STATUS = "HTTP/1.1 200".getBytes(StandardCharsets.US_ASCII);

  /** The end of a chunked body, {@code 0\r\n\r\n}, as a number. */
  private static final long END = 0x300D0A0D0AL;

  private static final long END_MASK = 0xFFFFFFFFFFL;
  private static final int NONE = -2;
  private static final String END_OF_HEAD = "\r\n\r\n";

  private final Owner owner;
  private final byte[] request;
  private int statusSeen;
  private boolean begun;
  private boolean afterNewline;
  private long last;
  private String failure = "the connection closed before the stream's end";

  /**
   * @param request the whole HTTP request, head and body
   */
  CountedStream(Owner owner, byte[] request) {
    this.owner = owner;
    this.request = request;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    var _ = ctx.writeAndFlush(Unpooled.wrappedBuffer(request), ctx.voidPromise());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (begun || status(ctx, in)) {
        keepLast(in);
        owner.received(events(in), in.readableBytes());
      }
    } finally {
      in.release();
    }
  }

  /** Compares the status line as it arrives; true once it is complete and as expected. */
  private boolean status(ChannelHandlerContext ctx, ByteBuf in) {
    while (statusSeen < STATUS.length && in.isReadable()) {
      if (in.getByte(in.readerIndex()) != STATUS[statusSeen]) {
        failure =
            "refused: "
                + refusal(
                    new String(STATUS, 0, statusSeen, StandardCharsets.US_ASCII)
                        + in.toString(StandardCharsets.UTF_8));
        Transport.close(ctx.channel());
        return false;
      }
      in.skipBytes(1);
      statusSeen++;
    }
    if (statusSeen == STATUS.length) {
      begun = true;
      owner.began();
    }
    return begun;
  }

  /** The status line of an answer, and the message of its error as far as it has arrived. */
  private static String refusal(String answer) {
    String status = answer.lines().findFirst().orElse("");
    int body = answer.indexOf(END_OF_HEAD) + END_OF_HEAD.length();
    if (body < END_OF_HEAD.length() || body == answer.length()) {
      return status;
    }
    byte[] json = answer.substring(body).getBytes(StandardCharsets.UTF_8);
    return status + ": " + ErrorBody.parse(json, 0).message();
  }

  /**
   * The number of empty lines that end in these bytes; the first may have begun in earlier ones.
   */
  private int events(ByteBuf in) {
    int count = 0;
    int end = in.writerIndex();
    int newline = afterNewline ? in.readerIndex() - 1 : NONE;
    int at = in.indexOf(in.readerIndex(), end, (byte) '\n');
    while (at >= 0) {
      if (at == newline + 1) {
        count++;
        newline = NONE;
      } else {
        newline = at;
      }
      at = in.indexOf(at + 1, end, (byte) '\n');
    }
    afterNewline = newline == end - 1;
    return count;
  }

  private void keepLast(ByteBuf in) {
    int kept = Math.min(in.readableBytes(), Long.BYTES);
    for (int at = in.writerIndex() - kept; at < in.writerIndex(); at++) {
      last = last << 8 | (in.getByte(at) & 0xFF);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    boolean complete = begun && (last & END_MASK) == END;
    owner.ended(begun, complete ? Optional.empty() : Optional.of(failure));
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    failure = "the connection broke: " + cause.getMessage();
    Transport.close(ctx.channel());
  }
}
