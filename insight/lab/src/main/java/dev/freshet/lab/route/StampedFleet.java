package dev.freshet.lab.route;

import dev.freshet.fleet.ServerAddress;
import dev.freshet.http.Transport;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Replicas without an engine, each with an admin listener. The admin listeners share one event
 * loop, which no stream uses.
 */
final class StampedFleet implements AutoCloseable {
  /** How long each replica prepares weights. */
  static final Duration WORK = Duration.ofMillis(50);

  private static final Duration END = Duration.ofSeconds(5);

  private final List<StampedReplica> replicas = new ArrayList<>();
  private final List<StampedAdmin> admins = new ArrayList<>();
  private final EventLoopGroup group = Transport.group("freshet-replica-admin", 1);

  /**
   * @param rate events a second of each stream
   */
  StampedFleet(int count, double rate) {
    for (int i = 0; i < count; i++) {
      replicas.add(new StampedReplica(i, rate));
      admins.add(new StampedAdmin(group, WORK));
    }
  }

  List<StampedReplica> replicas() {
    return List.copyOf(replicas);
  }

  List<ServerAddress> addresses() {
    List<ServerAddress> addresses = new ArrayList<>();
    for (int i = 0; i < replicas.size(); i++) {
      addresses.add(new ServerAddress(replicas.get(i).url(), admins.get(i).url()));
    }
    return addresses;
  }

  @Override
  public void close() {
    replicas.forEach(StampedReplica::close);
    admins.forEach(StampedAdmin::close);
    Transport.close(group, END);
  }
}
