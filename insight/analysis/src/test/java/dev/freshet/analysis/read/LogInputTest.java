package dev.freshet.analysis.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The text of a log, in whatever encoding and whatever pieces it arrives. */
class LogInputTest {
  private static final String LOG =
      """
      INFO [ckpt] write.done step=1 write_ms=2.5\r
      上下 ਊ 𝄞 größe\r
      [gen] batch.done dur_ms=3.0\r
      """;

  private static Stream<Arguments> encodings() {
    return Stream.of(
        Arguments.of("UTF-8", "", StandardCharsets.UTF_8),
        Arguments.of("UTF-8 with a mark", "\ufeff", StandardCharsets.UTF_8),
        Arguments.of("UTF-16LE with a mark", "\ufeff", StandardCharsets.UTF_16LE),
        Arguments.of("UTF-16BE with a mark", "\ufeff", StandardCharsets.UTF_16BE),
        Arguments.of("UTF-16LE", "", StandardCharsets.UTF_16LE),
        Arguments.of("UTF-16BE", "", StandardCharsets.UTF_16BE));
  }

  /** A stream that gives at most {@code piece} bytes at a time. */
  private static InputStream pieces(byte[] bytes, int piece) {
    return new ByteArrayInputStream(bytes) {
      @Override
      public synchronized int read(byte[] into, int offset, int length) {
        return super.read(into, offset, Math.min(length, piece));
      }
    };
  }

  private static byte[] read(ByteInput input) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] buffer = new byte[100];
    int read;
    while ((read = input.read(buffer, 3, 90)) >= 0) {
      assertThat(read).isPositive();
      all.write(buffer, 3, read);
    }
    return all.toByteArray();
  }

  private static String text(byte[] bytes, int piece) throws IOException {
    try (LogInput input = LogInput.of(pieces(bytes, piece))) {
      return new String(read(input), StandardCharsets.UTF_8);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("encodings")
  void aTextIsReadInItsEncoding(String name, String mark, Charset charset) throws IOException {
    String log = LOG.repeat(2000);
    for (int piece : new int[] {1, 2, 3, 7, 4096, 1 << 20}) {
      assertThat(text((mark + log).getBytes(charset), piece))
          .as("%s by %d", name, piece)
          .isEqualTo(log);
    }
  }

  @Test
  void anyBytesAreReadToTheirEnd() throws IOException {
    for (String bytes :
        List.of(
            "",
            "\0",
            "\u00ff",
            "\u00ff\u00fe",
            "\u00ff\u00fea",
            "\u00fe\u00ff\0",
            "\u00ef\u00bb",
            "a",
            "a\0",
            "\0a\0",
            "\0\0\0\0\0")) {
      byte[] log = bytes.getBytes(StandardCharsets.ISO_8859_1);
      assertThat(text(log, 1)).isEqualTo(text(log, 100));
    }
    byte[] nuls = new byte[1 << 20];
    assertThat(text(nuls, 4096)).hasSize(nuls.length);
  }

  @Test
  void theTextOfAGrowingLogIsReadAsItGrows() throws IOException {
    List<byte[]> written = new ArrayList<>();
    for (byte b : ("\ufeff" + LOG).getBytes(StandardCharsets.UTF_16LE)) {
      written.add(new byte[] {b});
      written.add(new byte[0]);
    }
    ByteInput growing =
        LogInput.growing(
            (into, offset, length) -> {
              byte[] next = written.isEmpty() ? new byte[0] : written.removeFirst();
              System.arraycopy(next, 0, into, offset, next.length);
              return next.length == 0 ? -1 : next.length;
            });
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    while (!written.isEmpty()) {
      all.writeBytes(read(growing));
    }

    assertThat(all.toString(StandardCharsets.UTF_8)).isEqualTo(LOG);
  }

  @Test
  void thePartsOfAContainersLinesAreJoined() throws IOException {
    String log =
        """
        2026-01-02T03:04:05.123456789Z stdout F one
        2026-01-02T03:04:06.1Z stdout P [ck
        2026-01-02T03:04:06.2Z stderr P x
        2026-01-02T03:04:06.3Z stdout P pt] write.done step=1 wri
        2026-01-02T03:04:06.4+02:00 stdout F te_ms=2.5
        2026-01-02T03:04:06.5Z stderr F y
        no head
        2026-01-02T03:04:07Z stdout P last\
        """;
    String joined =
        """
        2026-01-02T03:04:05.123456789Z stdout F one
        2026-01-02T03:04:06.1Z stdout P [ckpt] write.done step=1 write_ms=2.5


        2026-01-02T03:04:06.2Z stderr P xy

        no head
        2026-01-02T03:04:07Z stdout P last\
        """;
    for (int piece : new int[] {1, 5, 64, 1000}) {
      assertThat(text(log.getBytes(StandardCharsets.UTF_8), piece)).isEqualTo(joined);
    }
  }

  @Test
  void aPartThatNeverEndsIsPassedOnInBoundedMemory() throws IOException {
    String part = "2026-01-02T03:04:06.1Z stdout P " + "x".repeat(16_000) + "\n";
    assertThat(text(part.repeat(1000).getBytes(StandardCharsets.UTF_8), 1 << 16).length())
        .isGreaterThan(15_000_000);
  }

  @Test
  void aShortTextThatBeginsLikeAContainersIsNotHeldBack() throws IOException {
    for (String log :
        List.of("2026-01-02T03:04:05Z std", "2026-01-02T03:04:05Z [gen] x", "2", "20x")) {
      assertThat(text(log.getBytes(StandardCharsets.UTF_8), 3)).isEqualTo(log);
    }
  }
}
