package dev.freshet.http;

import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a request line asks for (RFC 9112, section 3.2): a path, or an absolute URL as clients send
 * it to proxies.
 *
 * @param authority host and port of an absolute URL, which take precedence over the header {@code
 *     Host}; empty text for a path
 * @param written path and query as the client wrote them
 * @param path decoded, without the query and without slashes at its end; {@code /} is the root
 * @param query the decoded parameters; the first value of a repeated one
 */
record RequestTarget(String authority, String written, String path, Map<String, String> query) {
  /** The target of a request whose own is of no interest. */
  static final RequestTarget NONE = new RequestTarget("", "", "", Map.of());

  private static final int MAX_PARAMETERS = 64;
  private static final int EXCERPT = 100;

  /**
   * Parses the target of a request line.
   *
   * @throws ApiException 400 if it is malformed
   */
  static RequestTarget parse(String target) {
    if (target.startsWith("/")) {
      return of("", target);
    }
    String lower = target.toLowerCase(Locale.ROOT);
    if (!lower.startsWith("http://") && !lower.startsWith("https://")) {
      throw malformed(target, "expected a path such as /health, or an absolute http URL");
    }
    int start = target.indexOf("//") + 2;
    int end = start;
    while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
      end++;
    }
    String rest = target.substring(end);
    return of(target.substring(start, end), rest.startsWith("/") ? rest : "/" + rest);
  }

  private static RequestTarget of(String authority, String target) {
    int end = 0;
    while (end < target.length() && "?#".indexOf(target.charAt(end)) < 0) {
      end++;
    }
    String path = withoutLastSlashes(target.substring(0, end));
    String query = target.substring(end);
    try {
      return new RequestTarget(
          authority,
          withoutFragment(target),
          path.indexOf('%') < 0 ? path : new QueryStringDecoder(path).path(),
          query.startsWith("?") ? parameters(query) : Map.of());
    } catch (IllegalArgumentException e) {
      throw malformed(target, ApiError.message(e));
    }
  }

  private static String withoutFragment(String target) {
    int fragment = target.indexOf('#');
    return fragment < 0 ? target : target.substring(0, fragment);
  }

  private static String withoutLastSlashes(String path) {
    int end = path.length();
    while (end > 1 && path.charAt(end - 1) == '/') {
      end--;
    }
    return path.substring(0, end);
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> first = new HashMap<>();
    new QueryStringDecoder(query, StandardCharsets.UTF_8, true, MAX_PARAMETERS, true)
        .parameters()
        .forEach((name, values) -> first.put(name, values.getFirst()));
    return first;
  }

  private static ApiException malformed(String target, String fault) {
    String start = target.length() <= EXCERPT ? target : target.substring(0, EXCERPT) + "…";
    return new ApiException(
        ApiError.invalid("bad_target", "request target '%s': %s".formatted(start, fault)));
  }
}
