package dev.freshet.server;

import dev.freshet.http.HttpConfig;
import dev.freshet.http.LivePage;
import dev.freshet.wire.AdminToken;
import dev.freshet.wire.ApiKeys;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The addresses and limits of an inference server.
 *
 * @param data the address of the data listener; port 0 for any free port
 * @param admin the address of the admin listener; port 0 for any free port
 * @param http what both listeners have in common with those of other roles
 * @param token the token that admin requests must carry, on both listeners; without one the data
 *     listener takes none
 * @param keys authorize the requests of the data listener
 * @param page the page of the admin listener
 * @param sessionsDir where the sessions' capture files are written, if they are
 * @param promptDetails whether the usage of completions has the cached tokens of the prompt
 */
public record ServerConfig(
    InetSocketAddress data,
    InetSocketAddress admin,
    HttpConfig http,
    Optional<AdminToken> token,
    ApiKeys keys,
    Optional<LivePage> page,
    Optional<Path> sessionsDir,
    boolean promptDetails,
    ServerLimits limits) {
  /** Both listeners on {@code host}, with the default limits. */
  public static ServerConfig on(String host, int port, int adminPort) {
    return new ServerConfig(
        new InetSocketAddress(host, port),
        new InetSocketAddress(host, adminPort),
        HttpConfig.DEFAULT,
        Optional.empty(),
        ApiKeys.NONE,
        Optional.empty(),
        Optional.empty(),
        false,
        ServerLimits.DEFAULT);
  }
}
