package dev.freshet.router;

import dev.freshet.config.Check;
import dev.freshet.fleet.PathMap;
import dev.freshet.fleet.ReplicaSpec;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Dialects;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A replica as the command line and files name it: {@code URL[=kind[@ADMIN]][+HERE:THERE]…}, such
 * as {@code http://10.0.0.1:8000=vllm} or {@code
 * http://10.0.0.1:8000=freshet@http://10.0.0.1:8001}.
 *
 * @param data the root of the listener for completions
 * @param dialect the program; a Freshet server if none is named
 * @param admin the root of the listener for weight operations; of programs with one listener that
 *     one
 * @param paths where its host sees the directories of this host
 */
public record UpstreamAddress(URI data, Dialect dialect, URI admin, PathMap paths) {
  /**
   * Parses an address.
   *
   * @throws IllegalArgumentException naming what was found and expected
   */
  public static UpstreamAddress parse(String text) {
    String named = PathMap.cut(text);
    int equals = named.indexOf('=');
    String data = equals < 0 ? named : named.substring(0, equals);
    String kind = equals < 0 ? Dialects.FRESHET.name() : named.substring(equals + 1);
    int at = kind.indexOf('@');
    String admin = at < 0 ? data : kind.substring(at + 1);
    requireRoot(text, data);
    requireRoot(text, admin);
    try {
      return new UpstreamAddress(
          URI.create(data),
          Dialects.named(at < 0 ? kind : kind.substring(0, at)),
          URI.create(admin),
          PathMap.of(text));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("replica '%s': %s".formatted(text, e.getMessage()), e);
    }
  }

  /**
   * Rejects a replica that is named twice with different programs, admin listeners or paths.
   *
   * @throws IllegalArgumentException naming both
   */
  static void requireConsistent(List<UpstreamAddress> addresses) {
    Map<String, UpstreamAddress> byName = new HashMap<>();
    for (UpstreamAddress address : addresses) {
      UpstreamAddress other = byName.putIfAbsent(address.name(), address);
      if (other != null && !other.equals(address)) {
        throw new IllegalArgumentException(
            "replica %s is named twice, as %s and as %s: expected one of them"
                .formatted(address.name(), other.described(), address.described()));
      }
    }
  }

  private String described() {
    String maps =
        paths.entries().stream()
            .map(entry -> "+%s:%s".formatted(entry.here(), entry.there()))
            .collect(Collectors.joining());
    return "%s=%s@%s%s".formatted(data, dialect.name(), admin, maps);
  }

  private static void requireRoot(String text, String url) {
    if (!Check.isServerUrl(url)
        || !URI.create(url).getRawSchemeSpecificPart().matches("//[^/?#]+/?")) {
      throw new IllegalArgumentException(
          "replica '%s': expected http://HOST:PORT[=KIND[@ADMIN-URL]][+HERE:THERE], or https"
              .formatted(text));
    }
  }

  /** Host and port of the data listener: the replica's name in errors. */
  public String name() {
    return data.getHost() + ":" + port();
  }

  /** Its listeners, by which the fleet knows it. */
  ServerAddress listeners() {
    return new ServerAddress(data, admin);
  }

  ReplicaSpec spec() {
    return new ReplicaSpec(listeners(), dialect, paths);
  }

  int port() {
    return ServerAddress.port(data);
  }

  /** Whether its data listener speaks TLS. */
  boolean isSecure() {
    return "https".equals(data.getScheme());
  }

  /** The host without the brackets of a literal address of IPv6. */
  String host() {
    String host = data.getHost();
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }
}
