package dev.freshet.client;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.WireException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * One admin request on a connection of its own: connect, write, read the whole answer, close. The
 * calling thread does it all on a blocking socket, so that nothing stands between it and the
 * kernel: no event loop to set up, no other thread to be woken. Every step has its deadline.
 */
public final class AdminExchange {
  /** An answer, when the connection was established and when the whole answer was there. */
  public record Answer(int status, byte[] body, long connectedNanos, long answeredNanos) {}

  private static final int READ_BYTES = 8 << 10;

  /** How often a write that finds the kernel's buffer full looks again. */
  private static final long LOOK_AGAIN_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  private final AdminRequest request;
  private final AdminDeadlines deadlines;
  private final MonotonicClock clock;
  private final SocketChannel channel;
  private volatile Optional<BreakOff> brokenOff = Optional.empty();

  /** Whether some of the request may have left. */
  private boolean sent;

  /** Why another thread ended the exchange. */
  private record BreakOff(String code, String message) {}

  private AdminExchange(
      AdminRequest request, AdminDeadlines deadlines, MonotonicClock clock, SocketChannel channel) {
    this.request = request;
    this.deadlines = deadlines;
    this.clock = clock;
    this.channel = channel;
  }

  /** An exchange that has not begun; {@link #carryOut} closes it. */
  static AdminExchange open(AdminRequest request, AdminDeadlines deadlines, MonotonicClock clock) {
    try {
      return new AdminExchange(request, deadlines, clock, SocketChannel.open());
    } catch (IOException e) {
      throw AdminException.notSent(
          request.call(), "unreachable", "no socket can be had: " + OneLine.of(e));
    }
  }

  /**
   * Carries the exchange out with the server at {@code address} and returns its answer. Called
   * once.
   *
   * @throws AdminException if a step fails or takes too long, or the exchange is broken off
   */
  Answer carryOut(InetAddress address) {
    try (channel;
        Waits.Open _ = awaited()) {
      connect(new InetSocketAddress(address, request.origin().port()));
      long connected = clock.nanos();
      write(request.toHttp());
      return read(connected);
    } catch (IOException e) {
      throw brokenOff().orElseGet(() -> failed("closed", "the connection broke: " + OneLine.of(e)));
    }
  }

  /** A question holds nobody's work up: it is for those who look on. */
  private Waits.Open awaited() {
    String answer = "the answer to " + request.method() + " " + request.path();
    String server = "inference " + request.origin().authority();
    return request.method().equals("GET")
        ? Waits.idle("orchestrator", answer, server)
        : Waits.begin(
            "orchestrator",
            answer,
            server,
            deadlines.connect().plus(deadlines.write()).plus(request.readDeadline()));
  }

  private void connect(InetSocketAddress server) throws IOException {
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    Socket socket = channel.socket();
    try {
      socket.connect(server, Math.toIntExact(Math.max(1, deadlines.connect().toMillis())));
    } catch (SocketTimeoutException e) {
      throw failed("connect_timeout", "no connection" + within(deadlines.connect()));
    } catch (IOException e) {
      throw brokenOff().orElseGet(() -> failed("unreachable", "cannot connect: " + OneLine.of(e)));
    }
  }

  /** Never blocks but by its own deadline: a blocking write has none. */
  private void write(ByteBuffer bytes) throws IOException {
    long end = clock.nanos() + deadlines.write().toNanos();
    channel.configureBlocking(false);
    sent = true;
    channel.write(bytes);
    while (bytes.hasRemaining()) {
      if (clock.nanos() >= end) {
        throw failed("write_timeout", "the request was not written" + within(deadlines.write()));
      }
      LockSupport.parkNanos(LOOK_AGAIN_NANOS);
      if (Thread.currentThread().isInterrupted()) {
        throw interrupted();
      }
      channel.write(bytes);
    }
    channel.configureBlocking(true);
  }

  private Answer read(long connected) throws IOException {
    long end = clock.nanos() + request.readDeadline().toNanos();
    InputStream in = channel.socket().getInputStream();
    byte[] bytes = new byte[READ_BYTES];
    try (AnswerReader answer = new AnswerReader()) {
      while (!answer.isWhole()) {
        channel.socket().setSoTimeout(millisUntil(end));
        int count = in.read(bytes);
        if (count < 0) {
          answer.ended();
          if (!answer.isWhole()) {
            throw brokenOff()
                .orElseGet(
                    () ->
                        failed(
                            "closed",
                            "the server closed the connection before the whole answer was there"));
          }
        } else {
          answer.feed(bytes, count);
        }
      }
      return new Answer(answer.status(), answer.body(), connected, clock.nanos());
    } catch (SocketTimeoutException e) {
      throw failed("read_timeout", "no answer" + within(request.readDeadline()));
    } catch (WireException e) {
      throw failed("bad_answer", "not HTTP: " + e.getMessage());
    }
  }

  private int millisUntil(long end) throws SocketTimeoutException {
    long left = TimeUnit.NANOSECONDS.toMillis(end - clock.nanos());
    if (left <= 0) {
      throw new SocketTimeoutException();
    }
    return (int) Math.min(left, Integer.MAX_VALUE);
  }

  private static String within(Duration deadline) {
    return " within %d ms".formatted(deadline.toMillis());
  }

  /** Ends the exchange without its answer, unless it has ended. From any thread. */
  void breakOff(String code, String message) {
    brokenOff = Optional.of(new BreakOff(code, message));
    try {
      channel.close();
    } catch (IOException e) {
      // The descriptor is gone either way; the exchange tells why it ended.
    }
  }

  /** The error of an exchange that was ended from outside, if it was. */
  private Optional<AdminException> brokenOff() {
    if (Thread.currentThread().isInterrupted()) {
      return Optional.of(interrupted());
    }
    return brokenOff.map(why -> failed(why.code(), why.message()));
  }

  private AdminException interrupted() {
    return failed("interrupted", "interrupted while waiting for the answer");
  }

  private AdminException failed(String code, String message) {
    return sent
        ? AdminException.sent(request.call(), code, message)
        : AdminException.notSent(request.call(), code, message);
  }
}
