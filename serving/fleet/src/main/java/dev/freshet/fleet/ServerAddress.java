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

  public ServerAddress {
    requireHttp("data", data);
    requireHttp("admin", admin);
  }

  /** The server's name in metrics: host and port of its admin listener. */
  public static String replica(URI admin) {
    return admin.getHost() + ":" + (admin.getPort() < 0 ? HTTP_PORT : admin.getPort());
  }

  private static void requireHttp(String component, URI url) {
    if (!"http".equals(url.getScheme()) || url.getHost() == null) {
      throw new IllegalArgumentException(
          "%s %s: expected http://host:port".formatted(component, url));
    }
  }
}
