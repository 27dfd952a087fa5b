package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Dialects;
import java.net.URI;
import java.net.URISyntaxException;

/**
 * A replica as a command line or a configuration names it: {@code URL[=KIND][+HERE:THERE]…}.
 *
 * @param dialect the program that it runs
 * @param paths where its host sees the directories of this host
 */
public record ReplicaSpec(ServerAddress address, Dialect dialect, PathMap paths) {
  private static final char KIND = '=';

  /** A replica whose host sees the directories of this host at the same paths. */
  public ReplicaSpec(ServerAddress address, Dialect dialect) {
    this(address, dialect, PathMap.NONE);
  }

  /**
   * A replica by the root of its admin listener alone, for updates.
   *
   * @param otherwise the program if the text names none
   * @throws IllegalArgumentException if the URL is not the root of an HTTP listener, the kind is
   *     unknown, or the map of paths is malformed
   */
  public static ReplicaSpec ofAdmin(String text, Dialect otherwise) {
    URI admin = url(text);
    ServerAddress address = new ServerAddress(admin, admin);
    return new ReplicaSpec(address, kind(text, otherwise), PathMap.of(text));
  }

  /**
   * A replica by its data listener, and the root of its admin listener if that is another one.
   *
   * @param admin empty for a program whose weight operations are on the data listener
   * @param otherwise the program if the text names none
   * @throws IllegalArgumentException if a URL is not the root of an HTTP listener, the kind is
   *     unknown, or the map of paths is malformed
   */
  public static ReplicaSpec of(String data, String admin, Dialect otherwise) {
    URI url = url(data);
    ServerAddress address = new ServerAddress(url, admin.isEmpty() ? url : url(admin));
    return new ReplicaSpec(address, kind(data, otherwise), PathMap.of(data));
  }

  private static URI url(String text) {
    String named = PathMap.cut(text);
    int end = named.indexOf(KIND);
    String url = end < 0 ? named : named.substring(0, end);
    try {
      URI parsed = new URI(url);
      if (ServerAddress.isRoot(parsed)) {
        return parsed;
      }
    } catch (URISyntaxException e) {
      // Refused below, as any other text that is not such a URL.
    }
    throw new IllegalArgumentException(
        "expected a URL such as http://127.0.0.1:8001, got '%s'".formatted(url));
  }

  private static Dialect kind(String text, Dialect otherwise) {
    String named = PathMap.cut(text);
    int end = named.indexOf(KIND);
    return end < 0 ? otherwise : Dialects.named(named.substring(end + 1));
  }
}
