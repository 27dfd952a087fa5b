package dev.freshet.server;

import dev.freshet.http.FrontLimits;
import dev.freshet.http.LivePage;
import dev.freshet.wire.AdminToken;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * Where the front listens and what it bears.
 *
 * @param data the data listener; port 0 for any free one
 * @param admin the admin listener; port 0 for any free one
 * @param page what the admin listener, and the data listener for this host, shows in a browser
 * @param token what admin requests must carry, on either listener; empty for nothing
 */
public record FrontConfig(
    InetSocketAddress data,
    InetSocketAddress admin,
    Optional<AdminToken> token,
    Optional<LivePage> page,
    FrontLimits limits) {
  /** Both listeners on {@code host}, with the default limits. */
  public static FrontConfig on(String host, int port, int adminPort) {
    return new FrontConfig(
        new InetSocketAddress(host, port),
        new InetSocketAddress(host, adminPort),
        Optional.empty(),
        Optional.empty(),
        FrontLimits.DEFAULT);
  }
}
