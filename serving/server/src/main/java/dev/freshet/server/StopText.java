package dev.freshet.server;

import dev.freshet.text.StreamDecoder;
import java.util.List;
import java.util.Optional;

/**
 * Decodes one completion token by token and cuts its text before the first stop string. The text
 * that {@link #push} returns is final: it ends neither within a character nor with the beginning of
 * a possible stop string.
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

  /** Appends a token; returns the text that became final. */
  String push(int token) {
    return append(decoder.push(token));
  }

  /** Ends the text; returns the part that was held back. */
  String flush() {
    String last = append(decoder.flush());
    if (stoppedBy.isPresent()) {
      return last;
    }
    String rest = last + held;
    held.setLength(0);
    return rest;
  }

  /** The stop string that ended the text, if one did. */
  Optional<String> stoppedBy() {
    return stoppedBy;
  }

  private String append(String fresh) {
    if (stops.isEmpty() || fresh.isEmpty()) {
      return fresh;
    }
    held.append(fresh);
    int at = firstStop();
    String complete = held.substring(0, at >= 0 ? at : held.length() - longestStopPrefix());
    held.delete(0, complete.length());
    return complete;
  }

  /** The index at which the first stop string in the held text begins, or −1. */
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

  /** The length of the longest suffix of the held text that is a prefix of a stop string. */
  private int longestStopPrefix() {
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
