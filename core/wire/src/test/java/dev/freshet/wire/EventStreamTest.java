package dev.freshet.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventStreamTest {
  private static final byte[] STREAM =
      ": hello\r\n\r\ndata: {\"text\":\"ä🦀\"}\r\n\r\nevent: x\nid: 1\ndata:first\ndata: second\n\n\n\ndata\ndata: \n\ndata: [DONE]\n\ndata: cut"
          .getBytes(StandardCharsets.UTF_8);

  @Test
  void anEventIsTheSameWhereverTheStreamIsCut() {
    for (int first = 0; first <= STREAM.length; first++) {
      for (int second = first; second <= STREAM.length; second += 7) {
        List<String> events = new ArrayList<>();
        EventStream stream = new EventStream(1000);
        feed(stream, 0, first, events);
        feed(stream, first, second, events);
        feed(stream, second, STREAM.length, events);

        assertThat(events).containsExactly("{\"text\":\"ä🦀\"}", "first\nsecond", "", "[DONE]");
      }
    }
  }

  @Test
  void anEventLargerThanTheBoundIsRejectedBeforeItIsBuffered() {
    EventStream stream = new EventStream(20);

    assertThatThrownBy(
            () ->
                stream.feed(
                    Unpooled.copiedBuffer("data: 0123456789012345", StandardCharsets.US_ASCII),
                    (bytes, length) -> true))
        .hasMessage("event: expected at most 20 bytes");
  }

  private static void feed(EventStream stream, int from, int to, List<String> events) {
    stream.feed(
        Unpooled.wrappedBuffer(STREAM, from, to - from),
        (bytes, length) -> events.add(new String(bytes, 0, length, StandardCharsets.UTF_8)));
  }
}
