package dev.freshet.server;

/**
 * Searches a stream of characters for one stop string by the algorithm of Knuth, Morris and Pratt:
 * amortised O(1) a character, however the stop string repeats itself. Not thread-safe.
 */
final class StopSearch {
  private final String stop;

  /** The length of the longest proper prefix of the first i + 1 characters that also ends them. */
  private final int[] border;

  /** How many characters of the stop string end the stream so far. */
  private int matched;

  StopSearch(String stop) {
    this.stop = stop;
    this.border = new int[stop.length()];
    for (int i = 1; i < border.length; i++) {
      border[i] = longer(border[i - 1], stop.charAt(i));
    }
  }

  String stop() {
    return stop;
  }

  /** How many of the last characters may be the beginning of the stop string. */
  int matched() {
    return matched;
  }

  /** Appends text; returns the index in it after the first whole stop string, or −1. */
  int append(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      matched = longer(matched, text.charAt(i));
      if (matched == stop.length()) {
        matched = border[matched - 1];
        return i + 1;
      }
    }
    return -1;
  }

  /** Appends text in which the stop string does not count, though it may begin there. */
  void pass(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      matched = longer(matched, text.charAt(i));
      if (matched == stop.length()) {
        matched = border[matched - 1];
      }
    }
  }

  /** The length of the prefix that ends in {@code next} after one of {@code length}. */
  private int longer(int length, char next) {
    int prefix = length;
    while (prefix > 0 && stop.charAt(prefix) != next) {
      prefix = border[prefix - 1];
    }
    return stop.charAt(prefix) == next ? prefix + 1 : prefix;
  }
}
