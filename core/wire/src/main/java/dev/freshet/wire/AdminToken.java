package dev.freshet.wire;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;

/**
 * The secret that authorizes admin calls. Programs send it as {@code Authorization: Bearer …},
 * browsers as the password of any user name. {@code toString} never reveals it.
 */
public final class AdminToken {
  private static final String BEARER = "Bearer ";
  private static final String BASIC = "Basic ";

  private final String header;

  /**
   * @throws IllegalArgumentException if it is empty or has characters other than visible ASCII
   */
  public AdminToken(String secret) {
    if (secret.isEmpty() || !secret.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
      throw new IllegalArgumentException(
          "admin token: expected one or more visible ASCII characters");
    }
    this.header = BEARER + secret;
  }

  /** The value of the {@code Authorization} header. */
  public String header() {
    return header;
  }

  /**
   * Whether an {@code Authorization} header contains it; compares in constant time. The case of the
   * scheme is ignored (RFC 9110, section 11.1).
   */
  public boolean isIn(String authorization) {
    String presented = "";
    if (hasScheme(authorization, BEARER)) {
      presented = BEARER + authorization.substring(BEARER.length()).strip();
    } else if (hasScheme(authorization, BASIC)) {
      presented = BEARER + password(authorization.substring(BASIC.length()).strip());
    }
    return MessageDigest.isEqual(
        header.getBytes(StandardCharsets.US_ASCII), presented.getBytes(StandardCharsets.UTF_8));
  }

  private static boolean hasScheme(String authorization, String scheme) {
    return authorization.regionMatches(true, 0, scheme, 0, scheme.length());
  }

  /** The password in Base64 of {@code name:password}; empty if it is not Base64. */
  private static String password(String encoded) {
    try {
      String pair = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
      return pair.substring(pair.indexOf(':') + 1);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }

  @Override
  public String toString() {
    return "AdminToken";
  }
}
