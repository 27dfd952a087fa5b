package dev.freshet.wire;

/**
 * The scheme {@code Bearer} of an {@code Authorization} header (RFC 6750). The case of its name is
 * ignored (RFC 9110, section 11.1).
 */
public final class Bearer {
  private static final String SCHEME = "Bearer ";

  private Bearer() {}

  /** The header's value for a token. */
  public static String header(String token) {
    return SCHEME + token;
  }

  /** The token in a header's value; empty text if the value has another scheme or none. */
  public static String in(String authorization) {
    return authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        ? authorization.substring(SCHEME.length()).strip()
        : "";
  }
}
