package dev.freshet.http;

import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.Bearer;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The session that a client with a fixed base URL sends in the place of a key: {@code
 * session:<session>} as bearer or as {@code x-api-key}. The other of the two may have the API key.
 */
public final class SessionKey {
  private static final String PREFIX = "session:";

  private SessionKey() {}

  /** The name of the session, as it was sent; empty if neither header has one. */
  public static Optional<String> of(HttpHeaders headers) {
    String bearer = Bearer.in(headers.get(HttpHeaderNames.AUTHORIZATION, ""));
    return Stream.of(bearer, headers.get(ApiKeys.HEADER, "").strip())
        .filter(key -> key.startsWith(PREFIX))
        .map(key -> key.substring(PREFIX.length()).strip())
        .findFirst();
  }
}
