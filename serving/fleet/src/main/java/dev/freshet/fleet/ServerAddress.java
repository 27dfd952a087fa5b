package dev.freshet.fleet;

import java.net.URI;

/**
 * The listeners of an inference server, as root URLs.
 *
 * @param data the listener for completions
 * @param admin the listener for weight updates
 */
public record ServerAddress(URI data, URI admin) {
  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;

  public ServerAddress {
    requireHttp("data", data);
    requireHttp("admin", admin);
  }

  /** The server's name in metrics: host and port of its admin listener. */
  public static String replica(URI admin) {
    return admin.getHost() + ":" + port(admin);
  }

  /** The port of a URL, or the one that its scheme stands for. */
  public static int port(URI url) {
    int otherwise = "https".equals(url.getScheme()) ? HTTPS_PORT : HTTP_PORT;
    return url.getPort() < 0 ? otherwise : url.getPort();
  }

  /** Whether a URL is that of a server: of HTTP, with or without TLS. */
  static boolean isRoot(URI url) {
    return ("http".equals(url.getScheme()) || "https".equals(url.getScheme()))
        && url.getHost() != null;
  }

  private static void requireHttp(String component, URI url) {
    if (!isRoot(url)) {
      throw new IllegalArgumentException(
          "%s %s: expected http://host:port or https://host:port".formatted(component, url));
    }
  }
}
