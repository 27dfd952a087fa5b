package dev.freshet.http;

import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import dev.freshet.wire.ErrorBody;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Optional;
import java.util.function.Function;

/** The requests that a listener answers. Called on the connection's event loop: must not block. */
public interface Routes {
  /**
   * Called when a request's head was read, before its body. The answer is that of an {@link
   * ApiException} that this throws.
   *
   * @param parent the parent span that its header names
   * @param recvNanos when its first byte arrived, on the listener's clock
   */
  void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos);

  /**
   * Called after {@link #arrived}, before the body is read.
   *
   * @param path the decoded path
   * @param headers not to be changed
   * @throws ApiException 401 if the request lacks a credential that it needs
   */
  default void authorize(String path, HttpHeaders headers) {}

  /**
   * Answers a request once, now or later. An exception that this throws is answered with {@link
   * #error}.
   */
  void handle(Request request, Exchange exchange);

  /** Whether {@code path} only tells whether the server works: answered also at the limits. */
  default boolean isProbe(String path) {
    return false;
  }

  /** Whether bodies with a content coding are taken as they are; else they are answered 415. */
  default boolean takesEncodedBodies() {
    return false;
  }

  /** How error answers to requests for {@code path} are written. */
  default Function<ErrorBody, byte[]> errorForm(String path) {
    return ErrorBody::toJson;
  }

  /** The answer to a request whose handling threw {@code failure}. */
  default ApiError error(Throwable failure) {
    return ApiError.of(failure);
  }
}
