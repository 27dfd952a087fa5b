package dev.freshet.client;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * The secret by which a server knows its operators, as they send it: {@code Authorization: Bearer
 * …}. Prints as its name alone.
 */
public final class AdminToken {
  private final String header;

  /**
   * @throws IllegalArgumentException if it is empty or has characters that a header cannot carry
   */
  public AdminToken(String secret) {
    if (secret.isEmpty() || !secret.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
      throw new IllegalArgumentException(
          "admin token: expected at least one character, all of them visible ASCII");
    }
    this.header = "Bearer " + secret;
  }

  /** The value of the header. */
  String header() {
    return header;
  }

  /** Whether a header carries it; how long that takes does not tell how near it was. */
  public boolean isIn(String authorization) {
    return MessageDigest.isEqual(
        header.getBytes(StandardCharsets.US_ASCII), authorization.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public String toString() {
    return "AdminToken";
  }
}
