package dev.freshet.server.session;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON values so that equal values have one text, whatever the order of their fields, and
 * identifies texts by their SHA-256.
 */
public final class CanonicalText {
  private CanonicalText() {}

  /** The digest of a JSON value: maps with text keys, lists, texts, numbers, booleans, null. */
  public static String digest(@Nullable Object value) {
    StringBuilder out = new StringBuilder();
    write(value, out);
    return sha256(out.toString());
  }

  static String sha256(String text) {
    MessageDigest sha256 = sha256();
    return HexFormat.of().formatHex(sha256.digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void write(@Nullable Object value, StringBuilder out) {
    switch (value) {
      case Map<?, ?> map -> {
        out.append('{');
        Map<String, @Nullable Object> sorted = new TreeMap<>();
        map.forEach((name, field) -> sorted.put(String.valueOf(name), field));
        sorted.forEach(
            (name, field) -> {
              text(name, out);
              write(field, out);
            });
        out.append('}');
      }
      case List<?> list -> {
        out.append('[');
        list.forEach(element -> write(element, out));
        out.append(']');
      }
      case String text -> text(text, out);
      case null -> out.append('n');
      default -> out.append('(').append(value).append(')');
    }
  }

  /** A text after its length, which needs no escapes. */
  private static void text(String text, StringBuilder out) {
    out.append(text.length()).append('"').append(text);
  }
}
