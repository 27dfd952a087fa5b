package dev.freshet.environments;

import java.util.List;

/**
 * How alike two sequences are: {@code 2·LCS / (n + m)} with the length of their longest common
 * subsequence and their lengths n and m. 1 if they are equal, 0 if they have no element in common.
 */
final class Similarity {
  private Similarity() {}

  /** Of the characters of two texts. */
  static double ofTexts(String a, String b) {
    return of(a.codePoints().boxed().toList(), b.codePoints().boxed().toList());
  }

  /** Of two lists; two empty ones are equal. */
  static double of(List<?> a, List<?> b) {
    if (a.isEmpty() && b.isEmpty()) {
      return 1;
    }
    int[] row = new int[b.size() + 1];
    for (Object x : a) {
      int diagonal = 0;
      for (int j = 1; j <= b.size(); j++) {
        int above = row[j];
        row[j] = x.equals(b.get(j - 1)) ? diagonal + 1 : Math.max(above, row[j - 1]);
        diagonal = above;
      }
    }
    return 2.0 * row[b.size()] / (a.size() + b.size());
  }
}
