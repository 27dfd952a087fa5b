package dev.freshet.inference.front;

import dev.freshet.trace.TraceId;
import dev.freshet.trace.TraceParent;
import java.util.Optional;

/** What a listener answers. Called on the connection's event loop: must not block. */
interface Routes {
  /**
   * A request's head has been read, its body not yet.
   *
   * @param parent the span it belongs to, if its header says so
   */
  void arrived(String path, TraceId trace, Optional<TraceParent> parent, long recvNanos);

  /**
   * A request is there to be answered, now or later, once. What this throws is answered as {@link
   * ApiError#of} says.
   */
  void handle(Request request, Exchange exchange);
}
