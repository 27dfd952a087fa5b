package dev.freshet.analysis.read;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A text as UTF-8. It is UTF-16 if a byte order mark says so, as where PowerShell redirected an
 * output, or if every other byte of its first two characters is zero. The mark itself is skipped.
 * Any other text is passed on as it is.
 */
final class DecodedInput implements ByteInput {
  private static final int HEAD = 4;
  private static final int BUFFER = 1 << 14;

  private final ByteInput input;
  private final boolean ends;
  private final byte[] head = new byte[HEAD];
  private int held;
  private boolean known;
  private Optional<CharsetDecoder> decoder = Optional.empty();
  private final ByteBuffer encoded = ByteBuffer.allocate(BUFFER);
  private ByteBuffer text = ByteBuffer.allocate(0);

  /**
   * @param ends whether the input has an end, after which nothing follows
   */
  DecodedInput(ByteInput input, boolean ends) {
    this.input = input;
    this.ends = ends;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (!known && !findCharset()) {
      return -1;
    }
    while (!text.hasRemaining()) {
      if (decoder.isEmpty()) {
        return input.read(into, offset, length);
      }
      if (!decode(decoder.get())) {
        return -1;
      }
    }
    int count = Math.min(length, text.remaining());
    text.get(into, offset, count);
    return count;
  }

  /** Whether the beginning says what the text is, or there is no more. */
  private boolean findCharset() throws IOException {
    while (held < HEAD && mayBeMarked()) {
      int read = input.read(head, held, HEAD - held);
      if (read < 0) {
        if (!ends || held == 0) {
          return false;
        }
        break;
      }
      held += read;
    }
    known = true;
    Optional<Charset> charset = charset();
    int mark = mark();
    decoder =
        charset.map(
            c ->
                c.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE));
    ByteBuffer rest = ByteBuffer.wrap(head, mark, held - mark);
    if (decoder.isPresent()) {
      encoded.put(rest);
    } else {
      text = rest;
    }
    return true;
  }

  /** Whether more bytes are needed to tell. */
  private boolean mayBeMarked() {
    int first = head[0] & 0xff;
    return held <= 1 || first == 0 || first >= 0xef || head[1] == 0;
  }

  private int mark() {
    if (begins(0xef, 0xbb, 0xbf)) {
      return 3;
    }
    return begins(0xff, 0xfe) || begins(0xfe, 0xff) ? 2 : 0;
  }

  private boolean begins(int... bytes) {
    for (int i = 0; i < bytes.length; i++) {
      if (i >= held || (head[i] & 0xff) != bytes[i]) {
        return false;
      }
    }
    return true;
  }

  private Optional<Charset> charset() {
    if (begins(0xff, 0xfe) || isAlternating(0)) {
      return Optional.of(StandardCharsets.UTF_16LE);
    }
    return begins(0xfe, 0xff) || isAlternating(1)
        ? Optional.of(StandardCharsets.UTF_16BE)
        : Optional.empty();
  }

  /** Whether two ASCII characters have a zero byte after (0) or before (1) them. */
  private boolean isAlternating(int ascii) {
    return held == HEAD
        && head[ascii] > 0
        && head[ascii + 2] > 0
        && head[1 - ascii] == 0
        && head[3 - ascii] == 0;
  }

  /** Decodes what is there; false at the end. */
  private boolean decode(CharsetDecoder from) throws IOException {
    int read = input.read(encoded.array(), encoded.position(), encoded.remaining());
    if (read < 0 && (!ends || encoded.position() == 0)) {
      return false;
    }
    encoded.position(encoded.position() + Math.max(0, read)).flip();
    CharBuffer chars = CharBuffer.allocate(BUFFER);
    from.decode(encoded, chars, read < 0);
    encoded.compact();
    if (read < 0) {
      encoded.clear();
    }
    text = StandardCharsets.UTF_8.encode(chars.flip());
    return true;
  }
}
