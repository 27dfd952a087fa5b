package dev.freshet.client;

import java.net.URI;

/**
 * The root URL of a listener: {@code http://host:port}, or {@code https://host:port} if it is
 * secure.
 */
record Origin(boolean secure, String host, int port) {
  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;

  /** The origin of a URL that has no path, query or user of its own. */
  static Origin of(URI url) {
    String host = url.getHost();
    boolean root = url.getRawPath() == null || url.getRawPath().matches("/?");
    boolean secure = "https".equals(url.getScheme());
    if (!(secure || "http".equals(url.getScheme()))
        || host == null
        || !root
        || url.getRawQuery() != null
        || url.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "server URL '%s': expected http://HOST, http://HOST:PORT or the same with https"
              .formatted(url));
    }
    int otherwise = secure ? HTTPS_PORT : HTTP_PORT;
    return new Origin(secure, host, url.getPort() < 0 ? otherwise : url.getPort());
  }

  /** The host without the brackets that a URL puts around an IPv6 address. */
  String address() {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  /** The value of the Host header. */
  String authority() {
    return host + ":" + port;
  }

  URI root() {
    return URI.create((secure ? "https://" : "http://") + authority());
  }
}
