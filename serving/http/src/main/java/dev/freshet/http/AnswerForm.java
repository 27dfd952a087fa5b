package dev.freshet.http;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;

/**
 * What a request's head decides about the form of its answer.
 *
 * @param http11 whether the client speaks HTTP/1.1, so that a stream is chunked and may be kept
 *     alive
 * @param keepAlive whether the client wants to keep the connection
 * @param headOnly whether the answer has no body, as to {@code HEAD}
 * @param origin the allowed origin of the web page that may read the answer; empty if there is none
 */
record AnswerForm(boolean http11, boolean keepAlive, boolean headOnly, String origin) {
  /** The form of an answer to no known request. */
  static final AnswerForm PLAIN = new AnswerForm(false, false, false, "");

  /**
   * @param guard knows the origins that are allowed
   */
  static AnswerForm of(HttpRequest head, BrowserGuard guard) {
    return new AnswerForm(
        HeadRules.minorVersion(head) > 0,
        HttpUtil.isKeepAlive(head),
        head.method().equals(HttpMethod.HEAD),
        guard.allowedOrigin(head));
  }

  /** Whether the connection stays open after an event stream, whose end only chunks can tell. */
  boolean keepsAliveStream() {
    return keepAlive && http11;
  }

  /** The same for the last answer of a connection. */
  AnswerForm last() {
    return new AnswerForm(http11, false, headOnly, origin);
  }
}
