package dev.freshet.server;

import dev.freshet.engine.FinishReason;
import dev.freshet.engine.TokenEvent;
import dev.freshet.text.StreamDecoder;
import dev.freshet.text.Tokenizer;
import dev.freshet.wire.CompletionRequest;
import java.util.List;
import java.util.Optional;

/**
 * Decodes one completion token by token and cuts its text before or after the first stop string. A
 * stop string does not count if the first {@code minTokens} tokens complete it. The text that
 * {@link #push} returns is final: it ends neither within a character nor with the beginning of a
 * possible stop string.
 */
final class StopText {
  private final StreamDecoder decoder;
  private final List<StopSearch> stops;
  private final StringBuilder held = new StringBuilder();
  private final boolean includeStop;
  private final int minTokens;
  private int tokens;
  private Optional<String> stoppedBy = Optional.empty();

  /**
   * @param includeStop whether the text has the stop string too
   */
  StopText(StreamDecoder decoder, List<String> stops, boolean includeStop, int minTokens) {
    this.includeStop = includeStop;
    this.decoder = decoder;
    this.stops = stops.stream().map(StopSearch::new).toList();
    this.minTokens = minTokens;
  }

  /**
   * The text of an answer to {@code request}.
   *
   * @param prompt the tokens that it continues
   */
  static StopText of(
      Tokenizer tokenizer, AnswerShape shape, CompletionRequest request, int[] prompt) {
    return new StopText(
        new StreamDecoder(tokenizer, shape.skipsSpecial(request), prompt),
        request.stop(),
        request.text().includeStop(),
        request.rules().minTokens());
  }

  /**
   * Takes an event of the engine; returns the text that became final. The token that ends the
   * completion has text only if the stop string has.
   */
  String take(TokenEvent event) {
    Optional<FinishReason> finish = event.finish();
    boolean stopToken = finish.isPresent() && finish.get() == FinishReason.STOP;
    String fresh = event.token() >= 0 && (!stopToken || includeStop) ? push(event.token()) : "";
    return stoppedBy.isEmpty() && finish.isPresent() ? fresh + flush() : fresh;
  }

  /** Appends a token; returns the text that became final. */
  String push(int token) {
    tokens++;
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
    int before = held.length();
    held.append(fresh);
    int begin = held.length();
    boolean tooEarly = tokens <= minTokens;
    for (StopSearch stop : stops) {
      if (tooEarly) {
        stop.pass(fresh);
        continue;
      }
      int end = stop.append(fresh);
      int at = end < 0 ? held.length() : before + end - stop.stop().length();
      if (at < begin) {
        begin = at;
        stoppedBy = Optional.of(stop.stop());
      }
    }
    int complete = held.length() - longestBeginning();
    if (stoppedBy.isPresent()) {
      complete = includeStop ? begin + stoppedBy.get().length() : begin;
    }
    String text = held.substring(0, complete);
    held.delete(0, complete);
    return text;
  }

  /** How many of the last characters may be the beginning of a stop string. */
  private int longestBeginning() {
    return stops.stream().mapToInt(StopSearch::matched).max().orElse(0);
  }
}
