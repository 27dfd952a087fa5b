package dev.freshet.orchestrator;

import java.net.URI;

/**
 * Where an inference server listens.
 *
 * @param data for completions
 * @param admin for weight updates
 */
public record ServerAddress(URI data, URI admin) {
  public ServerAddress {
    requireHttp("data", data);
    requireHttp("admin", admin);
  }

  private static void requireHttp(String component, URI url) {
    if (!"http".equals(url.getScheme()) || url.getHost() == null) {
      throw new IllegalArgumentException(
          "%s %s: expected http://host:port".formatted(component, url));
    }
  }
}
