package dev.freshet.environments;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZEvent;
import org.zeromq.ZMQ;

/**
 * The connection to an environment server of verifiers: a ZeroMQ DEALER whose requests are the
 * frames {@code [id, method, body]}; the server answers with {@code [id, "delta", body]} any number
 * of times and {@code [id, "reply", body]} once. Owns one thread, which alone uses the socket.
 *
 * <p>A run is sent to a server that has answered whether it is healthy. It ends when its reply
 * comes, when the connection is lost, because the server then knows its client no more, or when the
 * server sends nothing for the deadline although it was asked for its health. Runs that ended here
 * are cancelled at the server. Thread-safe.
 */
final class VerifiersConnection implements AutoCloseable {
  /** The most bytes of a frame; a larger one ends the connection. */
  private static final long MOST_FRAME_BYTES = 64 << 20;

  private static final long TICK_MILLIS = 250;

  /** JeroMQ 0.6 sometimes stalls in a handshake; after this time it connects again. */
  private static final int HANDSHAKE_MILLIS = 1_000;

  private static final long MOST_PROBE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long CLOSE_MILLIS = 5_000;

  /** For cancellations to leave when the connection is closed. */
  private static final int LINGER_MILLIS = 500;

  private static final Logger LOG = LoggerFactory.getLogger(VerifiersConnection.class);

  private final String address;
  private final Duration deadline;
  private final LongSupplier nanos;

  /** Between two questions about the server's health. */
  private final long probeNanos;

  private final Queue<Runnable> orders = new ConcurrentLinkedQueue<>();
  private final Pipe wake;
  private final Thread thread;
  private volatile boolean closing;

  /** A request that waits for the connection. */
  private record Request(String id, String method, byte[] body, long expiresNanos) {}

  // What follows belongs to the thread.
  private final Map<String, VerifiersRun> runs = new HashMap<>();
  private final Queue<Request> waiting = new ArrayDeque<>();
  private long heardNanos;
  private long probedNanos;

  /** Whether the server has answered since the connection was made. */
  private boolean answered;

  /**
   * @param deadline for the server to show that it is alive while it has runs
   * @param nanos a monotonic clock
   */
  VerifiersConnection(String address, Duration deadline, LongSupplier nanos) {
    this.address = address;
    this.deadline = deadline;
    this.nanos = nanos;
    this.heardNanos = nanos.getAsLong();
    this.probeNanos = Math.min(MOST_PROBE_NANOS, deadline.toNanos() / 6);
    this.probedNanos = nanos.getAsLong() - probeNanos;
    try {
      this.wake = Pipe.open();
      wake.source().configureBlocking(false);
      wake.sink().configureBlocking(false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.thread = Thread.ofPlatform().daemon().name("freshet-verifiers").start(this::serve);
  }

  /** Sends a run to the server. */
  void start(VerifiersRun run) {
    order(
        () -> {
          if (runs.isEmpty()) {
            heardNanos = nanos.getAsLong();
          }
          runs.put(run.id(), run);
          waiting.add(request(run.id(), "run", run.request()));
        });
    if (closing) {
      run.fail(new ForeignEnvironmentException(address + ": the environment is closed"));
    }
  }

  /** A run is no longer awaited: it is cancelled at the server if it has not ended. */
  void end(VerifiersRun run) {
    order(
        () -> {
          if (runs.remove(run.id()) != null) {
            cancel(run.id());
          }
        });
  }

  private void order(Runnable order) {
    orders.add(order);
    try {
      int _ = wake.sink().write(ByteBuffer.allocate(1)); // A full pipe wakes the thread as well.
    } catch (IOException e) {
      LOG.debug("{}: the connection is closed", address);
    }
  }

  private Request request(String id, String method, byte[] body) {
    return new Request(id, method, body, nanos.getAsLong() + deadline.toNanos());
  }

  /** Withdraws a run that was not sent yet, or cancels it at the server. */
  private void cancel(String id) {
    if (!waiting.removeIf(request -> request.id().equals(id))) {
      waiting.add(request(newId(), "cancel", VerifiersRequest.cancel(id)));
    }
  }

  private static String newId() {
    return UUID.randomUUID().toString().replace("-", "");
  }

  private void serve() {
    try (ZContext context = new ZContext()) {
      context.setLinger(LINGER_MILLIS);
      ZMQ.Socket socket = context.createSocket(SocketType.DEALER);
      socket.setImmediate(true); // A request never waits in a queue of a server that has died.
      socket.setHandshakeIvl(HANDSHAKE_MILLIS);
      socket.setHWM(0);
      socket.setMaxMsgSize(MOST_FRAME_BYTES);
      socket.setReconnectIVL(200);
      socket.setReconnectIVLMax(5_000);
      String events = "inproc://verifiers-events";
      if (!socket.monitor(events, ZMQ.EVENT_DISCONNECTED)) {
        throw new ForeignEnvironmentException(address + ": the connection cannot be watched");
      }
      ZMQ.Socket monitor = context.createSocket(SocketType.PAIR);
      monitor.connect(events);
      socket.connect(address);
      ZMQ.Poller poller = context.createPoller(3);
      poller.register(socket, ZMQ.Poller.POLLIN);
      poller.register(monitor, ZMQ.Poller.POLLIN);
      poller.register(wake.source(), ZMQ.Poller.POLLIN);
      while (!closing) {
        poller.poll(TICK_MILLIS);
        drain();
        follow();
        receive(socket);
        while (ZEvent.recv(monitor, ZMQ.DONTWAIT) != null) {
          receive(socket); // What came before the end.
          lost();
        }
        requireAlive();
        send(socket);
      }
      follow();
      failAll(address + ": the environment is closed");
      send(socket);
    } catch (RuntimeException | Error e) {
      LOG.warn("{}: the connection failed", address, e);
      closing = true;
      follow();
      failAll("%s: the connection failed: %s".formatted(address, e));
    }
  }

  private void follow() {
    for (Runnable order = orders.poll(); order != null; order = orders.poll()) {
      order.run();
    }
  }

  private void drain() {
    ByteBuffer bytes = ByteBuffer.allocate(256);
    try {
      while (wake.source().read(bytes) > 0) {
        bytes.clear();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void receive(ZMQ.Socket socket) {
    for (byte[] first = socket.recv(ZMQ.DONTWAIT);
        first != null;
        first = socket.recv(ZMQ.DONTWAIT)) {
      List<byte[]> frames = new ArrayList<>(List.of(first));
      while (socket.hasReceiveMore()) {
        frames.add(socket.recv());
      }
      heardNanos = nanos.getAsLong();
      answered = true;
      if (frames.size() == 3) {
        take(text(frames.get(0)), text(frames.get(1)), frames.get(2));
      } else {
        failAll(
            "%s sent %d frames, expected an id, a kind and a body: it speaks another protocol than verifiers 0.4"
                .formatted(address, frames.size()));
      }
    }
  }

  private void take(String id, String kind, byte[] body) {
    VerifiersRun run = runs.get(id);
    if (run == null) {
      return; // The answer to a request for health or a cancellation, or of a run that has ended.
    }
    if (!kind.equals("delta")) {
      runs.remove(id);
      run.replied(body);
    } else if (!run.delta(body)) {
      runs.remove(id);
      cancel(id);
    }
  }

  private static String text(byte[] frame) {
    return new String(frame, StandardCharsets.UTF_8);
  }

  /** Sends what waits if the server is there, which it shows by an answer about its health. */
  private void send(ZMQ.Socket socket) {
    long now = nanos.getAsLong();
    waiting.removeIf(
        request -> now - request.expiresNanos() >= 0 && !runs.containsKey(request.id()));
    boolean silent = !runs.isEmpty() && now - heardNanos >= deadline.toNanos() / 3;
    boolean probes = silent || (!answered && !waiting.isEmpty());
    if (probes && now - probedNanos >= probeNanos) {
      probedNanos = now;
      boolean _ = send(socket, request(newId(), "health", VerifiersRequest.health()));
    }
    while (answered && !waiting.isEmpty() && send(socket, waiting.element())) {
      waiting.remove();
    }
  }

  private static boolean send(ZMQ.Socket socket, Request request) {
    byte[] id = request.id().getBytes(StandardCharsets.UTF_8);
    return socket.send(id, ZMQ.SNDMORE | ZMQ.DONTWAIT)
        && socket.sendMore(request.method())
        && socket.send(request.body());
  }

  private void requireAlive() {
    if (!runs.isEmpty() && nanos.getAsLong() - heardNanos >= deadline.toNanos()) {
      failAll(
          "%s sent nothing for %d s and did not answer whether it is healthy: expected an environment server of verifiers there"
              .formatted(address, deadline.toSeconds()));
    }
  }

  /** The server knows its client no more, so it answers no run that it has; others wait. */
  private void lost() {
    answered = false;
    probedNanos = nanos.getAsLong() - probeNanos;
    Set<String> sent = new HashSet<>(runs.keySet());
    waiting.forEach(request -> sent.remove(request.id()));
    fail(sent, address + ": the connection was lost in mid-episode");
  }

  private void failAll(String why) {
    fail(List.copyOf(runs.keySet()), why);
  }

  private void fail(Collection<String> ids, String why) {
    for (String id : ids) {
      VerifiersRun run = runs.remove(id);
      if (run != null) {
        run.fail(new ForeignEnvironmentException(why));
        cancel(id);
      }
    }
  }

  /** Ends every run and the thread. */
  @Override
  public void close() {
    closing = true;
    order(() -> {});
    try {
      if (!thread.join(Duration.ofMillis(CLOSE_MILLIS))) {
        LOG.warn(
            "{} does not close within {} s: its thread is left behind",
            address,
            TimeUnit.MILLISECONDS.toSeconds(CLOSE_MILLIS));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try (Pipe.SourceChannel _ = wake.source();
        Pipe.SinkChannel _ = wake.sink()) {
      orders.clear();
    } catch (IOException e) {
      LOG.debug("{}: the pipe cannot be closed", address, e);
    }
  }

  @Override
  public String toString() {
    return address;
  }
}
