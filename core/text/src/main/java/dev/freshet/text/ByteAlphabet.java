package dev.freshet.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The alphabet in which byte-level BPE writes bytes as printable characters (GPT-2's {@code
 * bytes_to_unicode}): a printable Latin-1 character stands for its own byte, and the other 68 bytes
 * are the characters from U+0100.
 */
final class ByteAlphabet {
  private static final int UNMAPPED = -1;
  private static final int[] BYTE_OF = byteOf();
  private static final char[] CHARACTER_OF = characterOf();

  private ByteAlphabet() {}

  private static int[] byteOf() {
    int[] table = new int[0x100 + 68];
    Arrays.fill(table, UNMAPPED);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable =
          (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
      table[printable ? b : next++] = b;
    }
    return table;
  }

  private static char[] characterOf() {
    char[] table = new char[256];
    for (char c = 0; c < BYTE_OF.length; c++) {
      if (BYTE_OF[c] != UNMAPPED) {
        table[BYTE_OF[c]] = c;
      }
    }
    return table;
  }

  /** The characters of all 256 bytes. */
  static Set<String> characters() {
    return IntStream.range(0, BYTE_OF.length)
        .filter(c -> BYTE_OF[c] != UNMAPPED)
        .mapToObj(Character::toString)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** How bytes are written in the alphabet. */
  static String written(byte[] bytes) {
    char[] text = new char[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      text[i] = CHARACTER_OF[bytes[i] & 0xFF];
    }
    return new String(text);
  }

  /** The bytes of a token; its UTF-8 if it has a character outside the alphabet. */
  static byte[] bytes(String token) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(token.length());
    for (int i = 0; i < token.length(); i++) {
      char c = token.charAt(i);
      if (c >= BYTE_OF.length || BYTE_OF[c] == UNMAPPED) {
        return token.getBytes(StandardCharsets.UTF_8);
      }
      bytes.write(BYTE_OF[c]);
    }
    return bytes.toByteArray();
  }
}
