package dev.freshet.server.session;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Finds the turn whose text, that of its prompt and of what was sampled, is the longest beginning
 * of a further text. It keeps the lengths and digests of the texts, not the texts. Not thread-safe.
 */
final class TextMarks {
  private final TreeMap<Integer, Map<String, Turn>> byLength = new TreeMap<>();

  /**
   * A turn that was found.
   *
   * @param length the characters of its text
   */
  record Found(Turn turn, int length) {}

  /** Adds a turn; of two with the same text the later one is found. */
  void add(String model, String text, Turn turn) {
    MessageDigest digest = begin(model);
    digest.update(bytes(text));
    byLength
        .computeIfAbsent(text.length(), _ -> new HashMap<>())
        .put(HexFormat.of().formatHex(digest.digest()), turn);
  }

  /** The turn of {@code model} with the longest text that {@code text} begins with. */
  Optional<Found> longest(String model, String text) {
    Optional<Found> found = Optional.empty();
    MessageDigest digest = begin(model);
    int hashed = 0;
    for (Map.Entry<Integer, Map<String, Turn>> entry :
        byLength.headMap(text.length(), true).entrySet()) {
      int length = entry.getKey();
      digest.update(bytes(text.substring(hashed, length)));
      hashed = length;
      Turn turn = entry.getValue().get(HexFormat.of().formatHex(copy(digest).digest()));
      if (turn != null) {
        found = Optional.of(new Found(turn, length));
      }
    }
    return found;
  }

  private static MessageDigest begin(String model) {
    MessageDigest digest = CanonicalText.sha256();
    digest.update(bytes(model.length() + " " + model));
    return digest;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_16BE);
  }

  private static MessageDigest copy(MessageDigest digest) {
    try {
      return (MessageDigest) digest.clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("the platform's SHA-256 can be copied", e);
    }
  }
}
