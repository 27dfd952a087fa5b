package dev.freshet.http;

import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import java.util.Optional;

/** What a listener answers. Called on the connection's event loop: must not block. */
public interface Routes {
  /**
   * A request's head has been read, its body not yet.
   *
   * @param parent the span it belongs to, if its header says so
   */
  void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos);

  /**
   * A request is there to be answered, now or later, once. What this throws is answered with {@link
   * #error}.
   */
  void handle(Request request, Exchange exchange);

  /** The answer to a request whose handling threw {@code failure}. */
  default ApiError error(Throwable failure) {
    return ApiError.of(failure);
  }
}
