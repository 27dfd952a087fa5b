package dev.freshet.inference.front;

import java.net.InetSocketAddress;

/**
 * Where the front listens and what it bears.
 *
 * @param data the data listener; port 0 for any free one
 * @param admin the admin listener; port 0 for any free one
 */
public record FrontConfig(InetSocketAddress data, InetSocketAddress admin, FrontLimits limits) {
  /** Both listeners on {@code host}, with the default limits. */
  public static FrontConfig on(String host, int port, int adminPort) {
    return new FrontConfig(
        new InetSocketAddress(host, port),
        new InetSocketAddress(host, adminPort),
        FrontLimits.DEFAULT);
  }

  /** The same listeners with other limits. */
  public FrontConfig withLimits(FrontLimits other) {
    return new FrontConfig(data, admin, other);
  }
}
