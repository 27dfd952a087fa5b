package dev.freshet.router;

import dev.freshet.http.SocketApi;

/** How the front uses the sockets of its streams, by the names of the configuration. */
public enum Sockets {
  /** The cheapest way that the host has. */
  AUTO,
  IO_URING,
  EPOLL;

  SocketApi api() {
    return switch (this) {
      case AUTO -> SocketApi.firstOf(SocketApi.IO_URING, SocketApi.EPOLL);
      case IO_URING -> SocketApi.IO_URING;
      case EPOLL -> SocketApi.EPOLL;
    };
  }
}
