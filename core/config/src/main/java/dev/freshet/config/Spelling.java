package dev.freshet.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Suggests an existing key for one that does not exist. */
final class Spelling {
  private Spelling() {}

  /**
   * The nearest candidate within a few edits; otherwise the only one with the same last part: a
   * right name in the wrong section.
   */
  static Optional<String> closest(String key, Collection<String> candidates) {
    int edits = Math.clamp(key.length() / 3, 1, 3);
    Optional<String> near =
        candidates.stream()
            .filter(c -> distance(key, c) <= edits)
            .min(Comparator.comparingInt(c -> distance(key, c)));
    if (near.isPresent()) {
      return near;
    }
    List<String> elsewhere =
        candidates.stream().filter(c -> lastPart(c).equals(lastPart(key))).toList();
    return elsewhere.size() == 1 ? Optional.of(elsewhere.getFirst()) : Optional.empty();
  }

  private static String lastPart(String key) {
    return key.substring(key.lastIndexOf('.') + 1);
  }

  /** The Levenshtein distance: insertions, deletions and replacements from one to the other. */
  static int distance(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[to.length()];
  }
}
