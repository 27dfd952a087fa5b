package dev.freshet.http;

import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a line about every request of a listener once its answer has ended, without what the
 * request or the answer says. Called on the connection's event loop; the log is written elsewhere.
 */
public final class RequestLog {
  /** A log without lines. */
  public static final RequestLog OFF = new RequestLog(_ -> {});

  private static final Logger LOG = LoggerFactory.getLogger(RequestLog.class);
  private static final double NANOS_PER_MS = 1e6;
  private static final int MAX_TEXT = 256;
  private static final Pattern WHITE_SPACE = Pattern.compile("\\s");

  private final Consumer<String> sink;

  RequestLog(Consumer<String> sink) {
    this.sink = sink;
  }

  /** A log to the role's own, at level info. */
  public static RequestLog toLog() {
    return new RequestLog(LOG::info);
  }

  /** Whether lines are written. */
  boolean isOn() {
    return this != OFF;
  }

  /** How an answer ended, with what the line says of it. */
  enum End {
    /** It was written to its end. */
    WHOLE(""),

    /** The client left before its end. */
    GONE(" gone"),

    /** It broke off: the server that it was relayed from did not send its end. */
    BROKEN(" broken");

    private final String mark;

    End(String mark) {
      this.mark = mark;
    }
  }

  /**
   * What the log says of a request.
   *
   * @param id the client's request id, or the trace id
   * @param recvNanos when its first byte arrived
   */
  record Head(String id, String method, String path, long recvNanos) {}

  /**
   * A request whose answer has ended.
   *
   * @param status of the answer; 0 if the client was gone before it began
   * @param end how the answer ended
   * @param ms from the first byte of the request to the end of the answer
   */
  void done(Head head, int status, End end, Usage usage, double ms) {
    StringBuilder line = new StringBuilder(160);
    line.append("request id=").append(word(head.id()));
    line.append(' ').append(word(head.method())).append(' ');
    line.append(word(head.path())).append(" status=").append(status);
    if (usage.counted) {
      line.append(" prompt_tokens=").append(usage.promptTokens);
      line.append(" completion_tokens=").append(usage.completionTokens);
    }
    if (usage.firstTokenNanos > 0) {
      line.append(" first_token_ms=").append(tenths(usage.firstTokenNanos / NANOS_PER_MS));
    }
    line.append(" ms=").append(tenths(ms));
    sink.accept(line.append(end.mark).toString());
  }

  /** Text from outside as one word: the log escapes what could be taken for a line or an event. */
  private static String word(String text) {
    String word = text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "…";
    return word.isEmpty() ? "-" : WHITE_SPACE.matcher(word).replaceAll("%20");
  }

  private static String tenths(double ms) {
    long tenths = Math.max(0, Math.round(ms * 10));
    return tenths / 10 + "." + tenths % 10;
  }

  /** What a request has used, as far as its routes count it. Confined to the event loop. */
  public static final class Usage {
    private boolean counted;
    private int promptTokens;
    private int completionTokens;
    private long firstTokenNanos;

    /** Records the tokens of prompt and completions. */
    public void tokens(int prompt, int completion) {
      counted = true;
      promptTokens = prompt;
      completionTokens = completion;
    }

    /** Records how long the first token took, from the first byte of the request. */
    public void firstToken(long nanos) {
      if (firstTokenNanos == 0) {
        firstTokenNanos = nanos;
      }
    }
  }
}
