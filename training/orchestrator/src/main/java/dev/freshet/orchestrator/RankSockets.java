package dev.freshet.orchestrator;

import dev.freshet.rollouts.BatchException;
import dev.freshet.rollouts.primerl.RankTransport;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Waits;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;
import org.zeromq.ZMQException;

/**
 * The batches of prime-rl's trainer as messages of ZeroMQ. Ranks subscribe to {@code data_rank|r|}
 * on one port and announce themselves with their number on the port above it; a batch is a message
 * of two frames for each rank, the subject and the micro-batches.
 *
 * <p>A publisher loses what nobody has subscribed to. So every batch waits until all ranks have
 * announced themselves and are subscribed. Used by one thread.
 */
final class RankSockets implements RankTransport {
  private static final int POLL_MILLIS = 100;

  /** For messages that are sent but not yet on the wire when the sockets are closed. */
  private static final int LINGER_MILLIS = 2000;

  private static final int SUBSCRIBED = 1;

  private final String address;
  private final int ranks;
  private final Duration deadline;
  private final ZContext context = new ZContext();
  private final ZMQ.Socket data;
  private final ZMQ.Socket control;
  private final Set<Integer> announced = new HashSet<>();
  private final Set<Integer> subscribed = new HashSet<>();

  /**
   * Binds both ports.
   *
   * @param deadline for all ranks to be there, at every batch
   * @throws BatchException if a port is taken
   */
  RankSockets(String host, int port, int ranks, Duration deadline) {
    this.address = "tcp://%s:%d".formatted(host, port);
    this.ranks = ranks;
    this.deadline = deadline;
    context.setLinger(LINGER_MILLIS);
    this.data = context.createSocket(SocketType.XPUB); // A PUB that sees its subscriptions.
    this.control = context.createSocket(SocketType.PULL);
    data.setXpubNoDrop(true);
    data.setSendTimeOut(Math.toIntExact(deadline.toMillis()));
    boolean bound = false;
    try {
      data.bind(address);
      control.bind("tcp://%s:%d".formatted(host, port + 1));
      bound = true;
    } catch (ZMQException e) {
      throw new BatchException(
          "%s and the port above it cannot be bound for prime-rl's trainer: %s; see orchestrator.prime_rl.port"
              .formatted(address, e.getMessage()),
          e);
    } finally {
      if (!bound) {
        context.close();
      }
    }
  }

  @Override
  public void send(long step, List<byte[]> batches, BooleanSupplier over)
      throws InterruptedException {
    if (!awaitRanks(step, over)) {
      return;
    }
    for (int rank = 0; rank < batches.size(); rank++) {
      byte[] subject = "data_rank|%d|".formatted(rank).getBytes(StandardCharsets.UTF_8);
      if (!data.sendMore(subject) || !data.send(batches.get(rank))) {
        throw new BatchException(
            "%s: batch %d cannot be sent to rank %d of prime-rl's trainer within %d s: it does not read"
                .formatted(address, step, rank, deadline.toSeconds()));
      }
    }
  }

  /** Waits until all ranks are there; false if the run is over before. */
  private boolean awaitRanks(long step, BooleanSupplier over) throws InterruptedException {
    long begin = MonotonicClock.SYSTEM.nanos();
    try (Waits.Open _ =
        Waits.begin("orchestrator", "the ranks of prime-rl's trainer", "trainer", deadline)) {
      while (!allThere()) {
        if (over.getAsBoolean()) {
          return false;
        }
        if (Thread.interrupted()) {
          throw new InterruptedException("while waiting for the ranks of prime-rl's trainer");
        }
        if (MonotonicClock.SYSTEM.nanos() - begin > deadline.toNanos()) {
          throw new BatchException(
              "%s: batch %d: within %d s ranks %s announced themselves and %s subscribed, expected 0 to %d: start prime-rl's trainer with this address, or set orchestrator.prime_rl.ranks"
                  .formatted(
                      address, step, deadline.toSeconds(), announced, subscribed, ranks - 1));
        }
      }
      return true;
    }
  }

  /** Reads what has come from the ranks; waits a moment if that is nothing. */
  private boolean allThere() {
    boolean fromControl = readControl();
    boolean news = readSubscriptions() || fromControl;
    List<Integer> expected = IntStream.range(0, ranks).boxed().toList();
    if (announced.containsAll(expected) && subscribed.containsAll(expected)) {
      return true;
    }
    if (!news) {
      try (ZMQ.Poller poller = context.createPoller(2)) {
        poller.register(control, ZMQ.Poller.POLLIN);
        poller.register(data, ZMQ.Poller.POLLIN);
        poller.poll(POLL_MILLIS);
      }
    }
    return false;
  }

  private boolean readControl() {
    boolean news = false;
    for (byte[] message = now(control); message != null; message = now(control)) {
      news = true;
      rank(new String(message, StandardCharsets.UTF_8)).ifPresent(announced::add);
    }
    return news;
  }

  private boolean readSubscriptions() {
    boolean news = false;
    for (byte[] message = now(data); message != null; message = now(data)) {
      news = true;
      String[] parts =
          new String(Arrays.copyOfRange(message, 1, message.length), StandardCharsets.UTF_8)
              .split("\\|", -1);
      Optional<Integer> rank =
          parts.length == 3 && parts[0].equals("data_rank") ? rank(parts[1]) : Optional.empty();
      if (message[0] == SUBSCRIBED) {
        rank.ifPresent(subscribed::add);
      } else {
        rank.ifPresent(subscribed::remove);
      }
    }
    return news;
  }

  private static byte @Nullable [] now(ZMQ.Socket socket) {
    return socket.recv(ZMQ.DONTWAIT);
  }

  /** The number in a message; newer trainers also acknowledge steps on this port. */
  private static Optional<Integer> rank(String text) {
    return text.matches("[0-9]{1,6}") ? Optional.of(Integer.valueOf(text)) : Optional.empty();
  }

  @Override
  public void close() {
    context.close();
  }
}
