package dev.freshet.client;

import dev.freshet.wire.OneLine;
import dev.freshet.wire.WireException;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseDecoder;
import java.util.Optional;

/** Parses one HTTP answer incrementally from the bytes of a connection. */
final class AnswerReader implements AutoCloseable {
  private static final int MAX_ANSWER_BYTES = 8 << 20;

  private final EmbeddedChannel decoder =
      new EmbeddedChannel(new HttpResponseDecoder(), new HttpObjectAggregator(MAX_ANSWER_BYTES));
  private int status;
  private Optional<byte[]> body = Optional.empty();

  /**
   * Parses further bytes.
   *
   * @throws WireException if they are not HTTP, or the answer exceeds {@value #MAX_ANSWER_BYTES}
   *     bytes
   */
  void feed(byte[] bytes, int count) {
    try {
      decoder.writeInbound(Unpooled.copiedBuffer(bytes, 0, count));
    } catch (RuntimeException e) {
      throw new WireException(OneLine.of(e), e);
    }
    take();
  }

  /**
   * The connection has ended, which completes an answer without a length; any other is not whole.
   */
  void ended() {
    try {
      decoder.finish();
      take();
    } catch (PrematureChannelClosureException | WireException e) {
      body = Optional.empty();
    }
  }

  private void take() {
    FullHttpResponse answer = decoder.readInbound();
    if (answer == null || body.isPresent()) {
      return;
    }
    try {
      if (answer.decoderResult().isFailure()) {
        throw new WireException(OneLine.of(answer.decoderResult().cause()));
      }
      status = answer.status().code();
      body = Optional.of(ByteBufUtil.getBytes(answer.content()));
    } finally {
      answer.release();
    }
  }

  boolean isWhole() {
    return body.isPresent();
  }

  int status() {
    return status;
  }

  /** The answer's body, once it is whole. */
  byte[] body() {
    return body.orElseThrow();
  }

  @Override
  public void close() {
    decoder.finishAndReleaseAll();
  }
}
