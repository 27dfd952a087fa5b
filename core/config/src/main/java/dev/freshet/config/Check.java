package dev.freshet.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Set;

/**
 * Checks for the compact constructors of configuration records. A check that fails throws an {@link
 * IllegalArgumentException} whose message is the component's name and what is allowed, from which
 * {@link ConfigLoader} names the key and its place.
 */
public final class Check {
  private Check() {}

  /** Requires a condition; {@code allowed} says which values meet it. */
  public static void that(boolean holds, String component, String allowed) {
    if (!holds) {
      throw new IllegalArgumentException(component + ": expected " + allowed);
    }
  }

  /** Requires 1 or more. */
  public static void positive(String component, long value) {
    that(value >= 1, component, "at least 1");
  }

  /** Requires 0 or more. */
  public static void notNegative(String component, long value) {
    that(value >= 0, component, "0 or more");
  }

  /** Requires 0 or more; refuses NaN. */
  public static void notNegative(String component, double value) {
    that(value >= 0, component, "0 or more");
  }

  /** Requires a host name or an address to listen on. */
  public static void address(String component, String value) {
    that(!value.isBlank(), component, "an address");
  }

  /** Requires a TCP port, or 0 for any free one. */
  public static void port(String component, int value) {
    that(value >= 0 && value <= 65535, component, "0 to 65535");
  }

  /** Whether {@code text} is an {@code http} URL with a host and without credentials. */
  public static boolean isHttpUrl(String text) {
    return isUrl(text, Set.of("http"));
  }

  /** The same, or an {@code https} one. */
  public static boolean isServerUrl(String text) {
    return isUrl(text, Set.of("http", "https"));
  }

  private static boolean isUrl(String text, Set<String> schemes) {
    try {
      URI url = new URI(text);
      return url.getScheme() != null
          && schemes.contains(url.getScheme())
          && url.getHost() != null
          && url.getRawUserInfo() == null; // The configuration is logged and shown.
    } catch (URISyntaxException e) {
      return false; // The caller says what is expected.
    }
  }
}
