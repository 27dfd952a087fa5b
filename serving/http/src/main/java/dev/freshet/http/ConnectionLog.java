package dev.freshet.http;

import dev.freshet.trace.MonotonicClock;
import java.util.Optional;

/** The requests of one connection in the request log: a line each, once its answer has ended. */
final class ConnectionLog {
  private final RequestLog requests;
  private final MonotonicClock clock;

  /** The request that is being answered; none if there is no log. */
  private Optional<RequestLog.Head> current = Optional.empty();

  ConnectionLog(RequestLog requests, MonotonicClock clock) {
    this.requests = requests;
    this.clock = clock;
  }

  /** The answer to a request begins. */
  void begin(IncomingRequest request) {
    current = requests.isOn() ? Optional.of(request.logged()) : Optional.empty();
  }

  /**
   * The answer to the current request has ended.
   *
   * @param whole whether the client was there until then
   */
  void ended(Exchange exchange, boolean whole) {
    RequestLog.End end = whole ? RequestLog.End.WHOLE : RequestLog.End.GONE;
    current.ifPresent(
        head ->
            done(
                head,
                exchange.status(),
                exchange.isBroken() ? RequestLog.End.BROKEN : end,
                exchange.usage()));
    current = Optional.empty();
  }

  /**
   * A request was refused before it was read to its end.
   *
   * @param request empty if not even its head was read
   * @param recvNanos when its first byte arrived
   */
  void refused(Optional<IncomingRequest> request, long recvNanos, int status) {
    if (requests.isOn()) {
      RequestLog.Head head =
          request
              .map(IncomingRequest::logged)
              .orElseGet(() -> new RequestLog.Head("", "", "", recvNanos));
      done(head, status, RequestLog.End.WHOLE, new RequestLog.Usage());
    }
  }

  private void done(RequestLog.Head head, int status, RequestLog.End end, RequestLog.Usage usage) {
    requests.done(head, status, end, usage, clock.millisSince(head.recvNanos()));
  }
}
