package dev.freshet.http;

import dev.freshet.wire.ErrorBody;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Rejects what a web page does through the browser of someone who can reach a listener.
 *
 * <ul>
 *   <li>A page of another site (CSRF): its requests have a foreign {@code Origin}, or {@code
 *       Sec-Fetch-Site: cross-site}. A link that is followed is no such request.
 *   <li>A page whose name was made to resolve to this host (DNS rebinding): its requests have that
 *       name as {@code Host}. A listener on a loopback address knows its names: {@code localhost},
 *       literal addresses, which cannot be rebound, the name it is bound to, and those that the
 *       configuration allows. The names of a listener on another address cannot be known.
 * </ul>
 *
 * Programs send neither {@code Origin} nor {@code Sec-Fetch-Site}. Pages of origins that the
 * configuration allows are exempt from the first rule.
 */
public final class BrowserGuard {
  private static final String ANY_ORIGIN = "*";
  private static final String SEC_FETCH_SITE = "sec-fetch-site";
  private static final String SEC_FETCH_MODE = "sec-fetch-mode";
  private static final String SEC_FETCH_DEST = "sec-fetch-dest";

  private final Set<String> allowedHosts = new HashSet<>();
  private final Optional<String> loopback;
  private final Set<String> allowedOrigins;

  private BrowserGuard(Collection<String> allowedHosts, Optional<String> loopback) {
    this(allowedHosts, loopback, Set.of());
  }

  private BrowserGuard(
      Collection<String> allowedHosts, Optional<String> loopback, Set<String> allowedOrigins) {
    allowedHosts.forEach(host -> this.allowedHosts.add(host.toLowerCase(Locale.ROOT)));
    this.loopback = loopback;
    this.allowedOrigins = allowedOrigins;
  }

  /**
   * The guard of a listener that answers without a token.
   *
   * @param address to which it is bound
   * @param allowedHosts names without a port by which reverse proxies pass requests on
   */
  public static BrowserGuard ofOpen(InetSocketAddress address, Collection<String> allowedHosts) {
    boolean loopback = !address.isUnresolved() && address.getAddress().isLoopbackAddress();
    return new BrowserGuard(
        allowedHosts, loopback ? Optional.of(address.getHostString()) : Optional.empty());
  }

  /** The guard of a listener that requires a token, which no rebound page has. */
  public static BrowserGuard ofProtected(Collection<String> allowedHosts) {
    return new BrowserGuard(allowedHosts, Optional.empty());
  }

  /**
   * The same guard, which lets pages of {@code origins} send requests and read the answers (CORS).
   *
   * @param origins such as {@code https://app.example.org}; {@code *} is any
   */
  public BrowserGuard allowing(Collection<String> origins) {
    return new BrowserGuard(
        allowedHosts,
        loopback,
        origins.stream()
            .map(origin -> origin.toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet()));
  }

  /** The {@code Origin} of a request if pages of it may read the answer, else empty text. */
  String allowedOrigin(HttpRequest head) {
    if (allowedOrigins.isEmpty()) {
      return "";
    }
    List<String> origins = head.headers().getAll(HttpHeaderNames.ORIGIN);
    boolean allowed =
        origins.size() == 1
            && (allowedOrigins.contains(ANY_ORIGIN)
                || allowedOrigins.contains(origins.getFirst().toLowerCase(Locale.ROOT)));
    return allowed ? origins.getFirst() : "";
  }

  /**
   * Checks a head whose {@code Host} is well formed.
   *
   * @throws ApiException 421 or 403 for a request that a web page has made
   */
  void check(HttpRequest head, RequestTarget target) {
    HttpHeaders headers = head.headers();
    String name =
        target.authority().isEmpty() ? headers.get(HttpHeaderNames.HOST, "") : target.authority();
    Optional<Authority> asked = Authority.parse(name);
    if (loopback.isPresent() && !asked.map(this::isOwn).orElse(false)) {
      throw new ApiException(
          new ApiError(
              421,
              new ErrorBody(
                  ("Host '%s': expected localhost or an address, because this listener is bound to"
                          + " %s; if a reverse proxy passes this name on, add it to"
                          + " http.allowed_hosts")
                      .formatted(name, loopback.get()),
                  "invalid_request_error",
                  "misdirected_request")));
    }
    if (!allowedOrigin(head).isEmpty()) {
      return;
    }
    for (String origin : headers.getAll(HttpHeaderNames.ORIGIN)) {
      if (isForeign(origin, asked)) {
        throw crossSite("Origin " + origin);
      }
    }
    if (headers.contains(SEC_FETCH_SITE, "cross-site", true) && !isNavigation(head)) {
      throw crossSite("Sec-Fetch-Site cross-site");
    }
  }

  private boolean isOwn(Authority asked) {
    String host = asked.host();
    return host.isEmpty() // A client of HTTP/1.0 names none; browsers always do.
        || host.equals("localhost")
        || host.endsWith(".localhost")
        || NetUtil.isValidIpV4Address(host)
        || NetUtil.isValidIpV6Address(host)
        || host.equalsIgnoreCase(loopback.orElse(""))
        || allowedHosts.contains(host);
  }

  /** Whether an origin is neither this listener as the client names it nor an allowed host. */
  private boolean isForeign(String origin, Optional<Authority> asked) {
    int start = origin.indexOf("://");
    Optional<Authority> page =
        start < 0 ? Optional.empty() : Authority.parse(origin.substring(start + 3));
    return page.isEmpty() || !(page.equals(asked) || allowedHosts.contains(page.get().host()));
  }

  /** Whether the browser shows the answer as a page of its own, which the other cannot read. */
  private static boolean isNavigation(HttpRequest head) {
    HttpHeaders headers = head.headers();
    return List.of("GET", "HEAD").contains(head.method().name())
        && headers.contains(SEC_FETCH_MODE, "navigate", true)
        && headers.contains(SEC_FETCH_DEST, "document", true);
  }

  private static ApiException crossSite(String header) {
    return new ApiException(
        ApiError.forbidden(
            header
                + ": expected a program or a page of this server, not a web page of another site"));
  }
}
