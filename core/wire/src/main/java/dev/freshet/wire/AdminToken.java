package dev.freshet.wire;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;

/**
 * The secret by which a server knows its operators, as programs send it: {@code Authorization:
 * Bearer …}; browsers send it as the password to any name. Prints as its name alone.
 */
public final class AdminToken {
  private static final String BEARER = "Bearer ";
  private static final String BASIC = "Basic ";

  private final String header;

  /**
   * @throws IllegalArgumentException if it is empty or has characters that a header cannot carry
   */
  public AdminToken(String secret) {
    if (secret.isEmpty() || !secret.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
      throw new IllegalArgumentException(
          "admin token: expected at least one character, all of them visible ASCII");
    }
    this.header = BEARER + secret;
  }

  /** The value of the header. */
  public String header() {
    return header;
  }

  /** Whether a header carries it; how long that takes does not tell how near it was. */
  public boolean isIn(String authorization) {
    String presented =
        authorization.startsWith(BASIC)
            ? BEARER + password(authorization.substring(BASIC.length()))
            : authorization;
    return MessageDigest.isEqual(
        header.getBytes(StandardCharsets.US_ASCII), presented.getBytes(StandardCharsets.UTF_8));
  }

  /** What stands behind the name; empty if that is no Base64 of a name and a password. */
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
