package dev.freshet.fleet;

import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.Dialects;
import java.net.URI;
import java.net.URISyntaxException;

/**
 * A replica as a command line or a configuration names it: {@code URL} or {@code URL=KIND}.
 *
 * @param dialect the program that it runs
 */
public record ReplicaSpec(ServerAddress address, Dialect dialect) {
  private static final char KIND = '=';

  /**
   * A replica by the root of its admin listener alone, for updates.
   *
   * @param otherwise the program if the text names none
   * @throws IllegalArgumentException if the URL is not the root of an HTTP listener, or the kind is
   *     unknown
   */
  public static ReplicaSpec ofAdmin(String text, Dialect otherwise) {
    URI admin = url(text);
    return new ReplicaSpec(new ServerAddress(admin, admin), kind(text, otherwise));
  }

  /**
   * A replica by its data listener, and the root of its admin listener if that is another one.
   *
   * @param admin empty for a program whose weight operations are on the data listener
   * @param otherwise the program if the text names none
   * @throws IllegalArgumentException if a URL is not the root of an HTTP listener, or the kind is
   *     unknown
   */
  public static ReplicaSpec of(String data, String admin, Dialect otherwise) {
    URI url = url(data);
    ServerAddress address = new ServerAddress(url, admin.isEmpty() ? url : url(admin));
    return new ReplicaSpec(address, kind(data, otherwise));
  }

  private static URI url(String text) {
    int end = text.indexOf(KIND);
    String url = end < 0 ? text : text.substring(0, end);
    try {
      URI parsed = new URI(url);
      if ("http".equals(parsed.getScheme()) && parsed.getHost() != null) {
        return parsed;
      }
    } catch (URISyntaxException e) {
      // Refused below, as any other text that is not such a URL.
    }
    throw new IllegalArgumentException(
        "expected a URL such as http://127.0.0.1:8001, got '%s'".formatted(url));
  }

  private static Dialect kind(String text, Dialect otherwise) {
    int end = text.indexOf(KIND);
    return end < 0 ? otherwise : Dialects.named(text.substring(end + 1));
  }
}
