package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.wire.WireException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BodyEndTest {
  private static ByteBuf bytes(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
        "00005;a=b;c\r\nhello\r\nA \r\n0123456789\r\n000\r\nx: y\r\nz: 0\r\n\r\n",
        "5\nhello\n0\n\n",
        "1a\r\nabcdefghijklmnopqrstuvwxyz\r\nB\r\nabcdefghijk\r\n0\r\n\r\n",
      })
  void theEndOfChunksIsFoundHoweverTheyAreSplit(String body) {
    for (int size = 1; size <= body.length(); size++) {
      BodyEnd end = BodyEnd.chunked();
      for (int at = 0; at < body.length(); at += size) {
        assertThat(end.isReached()).isFalse();
        String piece = body.substring(at, Math.min(body.length(), at + size));
        boolean last = at + size >= body.length();
        assertThat(end.scan(bytes(piece + (last ? "HTTP/1.1" : "")))).isEqualTo(piece.length());
      }
      assertThat(end.isReached()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x\r\n",
        "\r\n",
        ";a\r\n",
        "-1\r\n",
        "5\r\nhello!",
        "5\rhello",
        "1\r\nx\rx",
        "1234567890123456\r\n",
      })
  void malformedChunksAreRefused(String body) {
    BodyEnd end = BodyEnd.chunked();

    assertThatThrownBy(() -> end.scan(bytes(body)))
        .isInstanceOf(WireException.class)
        .hasMessageStartingWith("malformed chunked body: expected ");
  }

  @Test
  void extensionsAndTrailersAreBounded() {
    for (String begin : new String[] {"5;", "0\r\nx: "}) {
      assertThatThrownBy(() -> BodyEnd.chunked().scan(bytes(begin + "x".repeat(20_000))))
          .isInstanceOf(WireException.class)
          .hasMessageContaining("at most 16384 bytes");
    }
  }

  @Test
  void onlyWholeChunksAreFollowedByAnother() {
    BodyEnd end = BodyEnd.chunked();
    assertThat(end.isBetweenChunks()).isTrue();
    for (String within : new String[] {"5", "\r", "\n", "hell", "o", "\r"}) {
      end.scan(bytes(within));
      assertThat(end.isBetweenChunks()).isFalse();
    }
    end.scan(bytes("\n"));
    assertThat(end.isBetweenChunks()).isTrue();
    end.scan(bytes("0\r\n"));
    assertThat(end.isBetweenChunks()).isFalse();
  }

  @Test
  void aBodyOfALengthEndsAfterIt() {
    BodyEnd end = BodyEnd.length(5);
    assertThat(end.scan(bytes("abc"))).isEqualTo(3);
    assertThat(end.isReached()).isFalse();
    assertThat(end.scan(bytes("defg"))).isEqualTo(2);
    assertThat(end.isReached()).isTrue();
    assertThat(BodyEnd.length(0).isReached()).isTrue();
  }
}
