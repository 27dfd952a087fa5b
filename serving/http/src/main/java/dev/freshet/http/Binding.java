package dev.freshet.http;

import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * Where a listener listens, and what it takes there.
 *
 * @param address port 0 for any free port
 * @param tls the certificate by which it is reached; without one it speaks plain HTTP
 * @param requests has a line about each request
 */
public record Binding(
    InetSocketAddress address,
    HttpLimits limits,
    BrowserGuard guard,
    Optional<Tls> tls,
    RequestLog requests) {
  /** Plain HTTP, without a log of requests. */
  public Binding(InetSocketAddress address, HttpLimits limits, BrowserGuard guard) {
    this(address, limits, guard, Optional.empty(), RequestLog.OFF);
  }
}
