package dev.freshet.http;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Host and port as a URL or the header {@code Host} has them (RFC 3986, section 3.2).
 *
 * @param host in lower case, without a dot at its end; a literal address of IPv6 without brackets;
 *     empty if there is none
 * @param port the digits of the port; empty if there is none
 */
record Authority(String host, String port) {
  private static final Pattern SYNTAX =
      Pattern.compile("(\\[[0-9A-Fa-f:.%]+\\]|[-A-Za-z0-9._~%!$&'()*+,;=]*)(?::([0-9]*))?");

  /** Parses text without a user; empty if it is malformed. */
  static Optional<Authority> parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String host = matcher.group(1).toLowerCase(Locale.ROOT);
    if (host.startsWith("[")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.endsWith(".")) {
      host = host.substring(0, host.length() - 1);
    }
    String port = matcher.group(2);
    return Optional.of(new Authority(host, port == null ? "" : port));
  }
}
