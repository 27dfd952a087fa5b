package dev.freshet.router;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The header fields that concern a single connection (RFC 9110, section 7.6.1): those listed here
 * and those that {@code Connection} names. They are not relayed.
 */
final class HopByHop {
  private static final List<AsciiString> ALWAYS =
      List.of(
          HttpHeaderNames.CONNECTION,
          AsciiString.cached("keep-alive"),
          AsciiString.cached("proxy-connection"),
          HttpHeaderNames.TE,
          HttpHeaderNames.TRANSFER_ENCODING,
          HttpHeaderNames.UPGRADE);

  private HopByHop() {}

  /** A copy of {@code headers} without these fields, which the caller may change. */
  static HttpHeaders without(HttpHeaders headers) {
    HttpHeaders copy =
        DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
    List<String> named = headers.getAllAsString(HttpHeaderNames.CONNECTION);
    Iterator<Map.Entry<CharSequence, CharSequence>> all = headers.iteratorCharSequence();
    while (all.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = all.next();
      if (!isAlways(field.getKey()) && !isNamed(field.getKey(), named)) {
        copy.add(field.getKey(), field.getValue());
      }
    }
    return copy;
  }

  private static boolean isAlways(CharSequence name) {
    for (AsciiString one : ALWAYS) {
      if (one.contentEqualsIgnoreCase(name)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isNamed(CharSequence name, List<String> connection) {
    return connection.stream()
        .flatMap(value -> List.of(value.split(",", -1)).stream())
        .anyMatch(option -> AsciiString.contentEqualsIgnoreCase(option.strip(), name));
  }
}
