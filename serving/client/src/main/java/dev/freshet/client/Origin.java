package dev.freshet.client;

import java.net.URI;

/** The root URL of a listener: {@code http://host:port}. */
record Origin(String host, int port) {
  /** The origin of a URL that has no path, query or user of its own. */
  static Origin of(URI url) {
    String host = url.getHost();
    boolean root = url.getRawPath() == null || url.getRawPath().matches("/?");
    if (!"http".equals(url.getScheme())
        || host == null
        || !root
        || url.getRawQuery() != null
        || url.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "server URL '%s': expected http://HOST or http://HOST:PORT".formatted(url));
    }
    return new Origin(host, url.getPort() < 0 ? 80 : url.getPort());
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
    return URI.create("http://" + authority());
  }
}
