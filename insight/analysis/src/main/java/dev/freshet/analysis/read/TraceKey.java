package dev.freshet.analysis.read;

import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The trace id of a call, as any program writes it. Freshet's 16 hexadecimal characters are their
 * 64 bits. Of 32 such characters, also in the form of a UUID, the low half counts, which is what a
 * server logs that took the id from {@code traceparent}; but UUIDs of versions 1, 2 and 6 end in
 * the address of their host and count as a whole. Of any other id a hash counts.
 *
 * @param bits what calls are joined by
 * @param name the id as written; empty if reports show it as the 16 hexadecimal characters of the
 *     bits
 */
public record TraceKey(long bits, String name) {
  private static final int HALF = 16;
  private static final int VERSION = 12;
  private static final Pattern UUID = Pattern.compile("\\w{8}(-\\w{4}){3}-\\w{12}");
  private static final long PRIME = 0x100000001b3L;
  private static final long BASIS = 0xcbf29ce484222325L;

  /** The key of an id. */
  public static TraceKey of(String id) {
    if (id.length() == HALF && isHex(id)) {
      return new TraceKey(HexFormat.fromHexDigitsToLong(id), "");
    }
    String hex = isUuid(id) ? id.replace("-", "") : id;
    if (hex.length() == 2 * HALF && isHex(hex) && "126".indexOf(hex.charAt(VERSION)) < 0) {
      String low = hex.substring(HALF).toLowerCase(Locale.ROOT);
      boolean ours = hex.startsWith("0".repeat(HALF));
      return new TraceKey(HexFormat.fromHexDigitsToLong(low), ours ? "" : id);
    }
    return new TraceKey(hash(id), id);
  }

  private static boolean isUuid(String id) {
    return UUID.matcher(id).matches();
  }

  private static boolean isHex(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (!HexFormat.isHexDigit(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
  private static long hash(String text) {
    long hash = BASIS;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * PRIME;
    }
    return hash;
  }

  /** The id as reports show it. */
  @Override
  public String toString() {
    return name.isEmpty() ? HexFormat.of().toHexDigits(bits) : name;
  }
}
