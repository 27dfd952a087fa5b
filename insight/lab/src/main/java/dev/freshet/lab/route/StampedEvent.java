package dev.freshet.lab.route;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/**
 * A server-sent event of the size and shape of a token, as one chunk of HTTP, with the time at
 * which it was made: nanoseconds of the monotonic clock, which all processes of a host share on
 * Linux.
 */
final class StampedEvent {
  /** Precedes the stamp. */
  static final byte[] MARKER = "\"t\":".getBytes(StandardCharsets.US_ASCII);

  static final int DIGITS = 19;

  private StampedEvent() {}

  /** The chunk of an event made at {@code nanos}. */
  static ByteBuf chunk(long nanos) {
    String event =
        """
        data: {"id":"cmpl-0","object":"text_completion","created":1700000000,"model":"synthetic",\
        "t":%019d,"choices":[{"index":0,"text":" token","token_ids":[12345],\
        "logprobs":{"tokens":[" token"],"token_logprobs":[-0.693147]},"finish_reason":null}]}

        """
            .formatted(nanos);
    String chunk = Integer.toHexString(event.length()) + "\r\n" + event + "\r\n";
    byte[] bytes = chunk.getBytes(StandardCharsets.US_ASCII);
    return Unpooled.directBuffer(bytes.length).writeBytes(bytes);
  }
}
