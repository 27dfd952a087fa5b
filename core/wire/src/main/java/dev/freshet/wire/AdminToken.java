package dev.freshet.wire;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;

/**
 * The secret that authorizes admin calls. Programs send it as {@code Authorization: Bearer …},
 * browsers as the password of any user name. {@code toString} never reveals it.
 */
public final class AdminToken {
  private static final String BASIC = "Basic ";

  private final String secret;

  /**
   * @throws IllegalArgumentException if it is empty or has characters other than visible ASCII
   */
  public AdminToken(String secret) {
    if (secret.isEmpty() || !secret.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
      throw new IllegalArgumentException(
          "admin token: expected one or more visible ASCII characters");
    }
    this.secret = secret;
  }

  /** The value of the {@code Authorization} header. */
  public String header() {
    return Bearer.header(secret);
  }

  /**
   * Whether an {@code Authorization} header contains it; compares in constant time. The case of the
   * scheme is ignored (RFC 9110, section 11.1).
   */
  public boolean isIn(String authorization) {
    boolean basic = authorization.regionMatches(true, 0, BASIC, 0, BASIC.length());
    String presented =
        basic
            ? password(authorization.substring(BASIC.length()).strip())
            : Bearer.in(authorization);
    return MessageDigest.isEqual(
        secret.getBytes(StandardCharsets.US_ASCII), presented.getBytes(StandardCharsets.UTF_8));
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
