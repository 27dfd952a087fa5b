package dev.freshet.router;

import dev.freshet.fleet.ServerAddress;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One replica behind the front: its address, its load as this front counts it, and its health. The
 * counts are of requests that this front relays; others may load the replica too. Thread-safe.
 */
final class Upstream {
  private final UpstreamAddress address;
  private final String replica;
  private final UpstreamHealth health;
  private final AtomicInteger inFlight;
  private final AtomicLong answers = new AtomicLong();
  private volatile List<InetSocketAddress> sockets;

  /**
   * @param inFlight the requests that are in flight to it already, if it returns
   */
  Upstream(UpstreamAddress address, UpstreamHealth health, AtomicInteger inFlight) {
    this.inFlight = inFlight;
    this.address = address;
    this.replica = ServerAddress.replica(address.admin());
    this.health = health;
    byte[] literal = NetUtil.createByteArrayFromIpAddressString(address.host());
    this.sockets =
        literal == null
            ? List.of()
            : List.of(new InetSocketAddress(address.host(), address.port()));
  }

  UpstreamAddress address() {
    return address;
  }

  String name() {
    return address.name();
  }

  /** Its name in metrics. */
  String replica() {
    return replica;
  }

  UpstreamHealth health() {
    return health;
  }

  /** Requests that are sent or being answered now. */
  int inFlight() {
    return inFlight.get();
  }

  /** Requests that it has answered, whole or in part. */
  long answers() {
    return answers.get();
  }

  /** A request is about to be sent. */
  void begun() {
    inFlight.incrementAndGet();
  }

  /** A request that {@link #begun} counted has ended, answered or not. */
  void ended() {
    if (inFlight.decrementAndGet() == 0) {
      health.idle();
    }
  }

  /** The first byte of an answer has arrived. */
  void answered() {
    answers.incrementAndGet();
    health.answered();
  }

  /** Further bytes of an answer have arrived. */
  void continued() {
    health.continued();
  }

  /** Its addresses as last resolved, in the order to try them; none before that. */
  List<InetSocketAddress> sockets() {
    return sockets;
  }

  void resolved(InetAddress... addresses) {
    sockets =
        List.of(addresses).stream().map(one -> new InetSocketAddress(one, address.port())).toList();
  }

  /** Whether the front can send it a new request now; whether it may is the fleet's to say. */
  boolean isRoutable() {
    return switch (health.state()) {
      case UP -> !sockets.isEmpty();
      case TRIAL -> !sockets.isEmpty() && inFlight.get() == 0;
      case DOWN -> false;
    };
  }
}
