package dev.freshet.server;

import dev.freshet.text.StreamDecoder;
import java.util.List;
import java.util.Optional;

/**
 * The text of one completion as its tokens come, cut before the first stop string. What {@link
 * #push} returns is certain: neither half a character nor the beginning of what may yet be a stop
 * string.
 */
final class StopText {
  private final StreamDecoder decoder;
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private Optional<String> stoppedBy = Optional.empty();

  StopText(StreamDecoder decoder, List<String> stops) {
    this.decoder = decoder;
    this.stops = stops;
  }

  /** Appends a token; returns the text that became certain. */
  String push(int token) {
    return append(decoder.push(token));
  }

  /** Ends the text; returns what was still held back. */
  String flush() {
    String last = append(decoder.flush());
    if (stoppedBy.isPresent()) {
      return last;
    }
    String rest = last + held;
    held.setLength(0);
    return rest;
  }

  /** The stop string that ended the text. */
  Optional<String> stoppedBy() {
    return stoppedBy;
  }

  private String append(String fresh) {
    if (stops.isEmpty() || fresh.isEmpty()) {
      return fresh;
    }
    held.append(fresh);
    int at = firstStop();
    String certain = held.substring(0, at >= 0 ? at : held.length() - possibleStop());
    held.delete(0, certain.length());
    return certain;
  }

  /** Where the first stop string in the held text begins, or −1. */
  private int firstStop() {
    int first = -1;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
        stoppedBy = Optional.of(stop);
      }
    }
    return first;
  }

  /** The length of the longest end of the held text that a stop string may begin with. */
  private int possibleStop() {
    int longest = 0;
    for (String stop : stops) {
      for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
        if (held.indexOf(stop.substring(0, length), held.length() - length) >= 0) {
          longest = length;
        }
      }
    }
    return longest;
  }
}
