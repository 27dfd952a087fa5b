package dev.freshet.http;

import dev.freshet.wire.ErrorBody;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The rules of RFC 9110 and RFC 9112 that a request's head must meet, apart from the syntax that
 * the decoder checks. Where the end of a request is in doubt, no later request of its connection
 * may be believed (request smuggling).
 */
final class HeadRules {
  static final int MAX_LINE_BYTES = 8 << 10;
  static final int MAX_HEADER_BYTES = 16 << 10;

  /** The target of {@code OPTIONS *}, which no resource has. */
  private static final String WHOLE_SERVER = "*";

  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY");

  private HeadRules() {}

  /**
   * Checks a head before its body is read.
   *
   * @param encodedBodies whether the body may have a content coding
   * @throws ApiException with the answer to a request that breaks a rule
   */
  static void check(HttpRequest head, int maxBodyBytes, boolean encodedBodies) {
    checkFraming(head);
    HttpHeaders headers = head.headers();
    checkHost(headers.getAll(HttpHeaderNames.HOST), minorVersion(head) > 0);
    String method = head.method().name();
    if (!METHODS.contains(method)) {
      throw refusal(501, "not_implemented", "method %s: expected GET or POST".formatted(method));
    }
    if (head.uri().equals(WHOLE_SERVER)) {
      throw new ApiException(ApiError.methodNotAllowed(method, WHOLE_SERVER, "GET, HEAD, POST"));
    }
    List<String> expectations = headers.getAll(HttpHeaderNames.EXPECT);
    if (!expectations.stream().allMatch(HttpHeaderValues.CONTINUE::contentEqualsIgnoreCase)) {
      throw refusal(
          417,
          "expectation_failed",
          "Expect: expected 100-continue, got " + String.join(", ", expectations));
    }
    String coding = headers.get(HttpHeaderNames.CONTENT_ENCODING, "identity");
    if (!encodedBodies && !HttpHeaderValues.IDENTITY.contentEqualsIgnoreCase(coding)) {
      throw new ApiException(
          new ApiError(
              415,
              error(
                  "unsupported_content_encoding",
                  "Content-Encoding %s: expected a body without compression".formatted(coding)),
              Map.of("accept-encoding", "identity")));
    }
    if (HttpUtil.getContentLength(head, 0L) > maxBodyBytes) {
      throw new ApiException(tooLarge(maxBodyBytes));
    }
  }

  /** Checks what says where the request ends. */
  private static void checkFraming(HttpRequest head) {
    HttpVersion version = head.protocolVersion();
    if (!isVersion1(version)) {
      throw refusal(505, "version_not_supported", version + ": expected HTTP/1.1 or HTTP/1.0");
    }
    HttpHeaders headers = head.headers();
    List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
    List<String> lengths = headers.getAll(HttpHeaderNames.CONTENT_LENGTH);
    if (!codings.isEmpty() && !isChunked(codings)) {
      throw refusal(
          501,
          "not_implemented",
          "Transfer-Encoding %s: expected chunked alone".formatted(String.join(", ", codings)));
    }
    if (!codings.isEmpty() && minorVersion(head) == 0) {
      throw bad("Transfer-Encoding: expected none in a request of HTTP/1.0");
    }
    if (!lengths.isEmpty() && !isLength(lengths)) {
      throw bad("Content-Length %s: expected one number".formatted(String.join(", ", lengths)));
    }
  }

  private static void checkHost(List<String> hosts, boolean required) {
    if (hosts.size() > 1 || (hosts.isEmpty() && required)) {
      throw bad("Host: expected one such header, got " + (hosts.isEmpty() ? "none" : hosts.size()));
    }
    for (String host : hosts) {
      if (Authority.parse(host).isEmpty()) {
        throw bad("Host '%s': expected a name or an address, and perhaps a port".formatted(host));
      }
    }
  }

  private static boolean isVersion1(HttpVersion version) {
    return version.protocolName().equals("HTTP") && version.majorVersion() == 1;
  }

  private static boolean isChunked(List<String> codings) {
    return codings.size() == 1
        && HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(codings.getFirst());
  }

  private static boolean isLength(List<String> lengths) {
    return lengths.size() == 1
        && !lengths.getFirst().isEmpty()
        && lengths.getFirst().chars().allMatch(c -> c >= '0' && c <= '9');
  }

  /**
   * Whether a request that was refused can be read to its end, so that its connection stays usable.
   * A client that expects 100 may send the body or not.
   */
  static boolean canSkipBody(HttpRequest head, int maxBodyBytes) {
    try {
      checkFraming(head);
    } catch (ApiException e) {
      return false;
    }
    return !head.headers().contains(HttpHeaderNames.EXPECT)
        && HttpUtil.getContentLength(head, 0L) <= maxBodyBytes;
  }

  /** The minor version of HTTP/1: 0, or 1 for all later ones. */
  static int minorVersion(HttpRequest head) {
    return Math.min(1, head.protocolVersion().minorVersion());
  }

  /** The answer to a body above the limit. */
  static ApiError tooLarge(int maxBodyBytes) {
    return new ApiError(
        413, error("body_too_large", "body: expected at most %d bytes".formatted(maxBodyBytes)));
  }

  /** The answer to a request that the decoder could not read. */
  static ApiError unreadable(Throwable cause) {
    return switch (cause) {
      case TooLongHttpLineException _ ->
          new ApiError(
              414,
              error(
                  "target_too_long",
                  "request line: expected at most %d bytes".formatted(MAX_LINE_BYTES)));
      case TooLongHttpHeaderException _ ->
          new ApiError(
              431,
              error(
                  "headers_too_large",
                  "headers: expected at most %d bytes together".formatted(MAX_HEADER_BYTES)));
      default -> ApiError.invalid("bad_http", "malformed HTTP request: " + ApiError.message(cause));
    };
  }

  private static ApiException bad(String message) {
    return new ApiException(ApiError.invalid("bad_http", message));
  }

  private static ApiException refusal(int status, String code, String message) {
    return new ApiException(new ApiError(status, error(code, message)));
  }

  private static ErrorBody error(String code, String message) {
    return new ErrorBody(message, "invalid_request_error", code);
  }
}
