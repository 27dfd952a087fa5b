package dev.freshet.inference.front;

import dev.freshet.trace.TraceId;

/** What a listener answers. Called on the connection's event loop: must not block. */
interface Routes {
  /** A request's head has been read, its body not yet. */
  void arrived(String path, TraceId trace, long recvNanos);

  /**
   * A request is there to be answered, now or later, once. What this throws is answered as {@link
   * ApiError#of} says.
   */
  void handle(Request request, Exchange exchange);
}
