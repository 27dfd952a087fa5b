package dev.freshet.client;

import dev.freshet.http.ClientTls;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.OneLine;
import dev.freshet.wire.WireException;
import java.io.IOException;
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
 * One admin request on its own connection: connect, write, read the whole answer, close. The
 * calling thread uses a blocking socket, so no event loop or other thread adds latency. Every step
 * has a deadline.
 */
final class AdminExchange {
  private static final int READ_BYTES = 8 << 10;

  /** The interval between attempts to write while the kernel's buffer is full. */
  private static final long WRITE_RETRY_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  private final AdminRequest request;
  private final AdminDeadlines deadlines;
  private final MonotonicClock clock;
  private final String role;
  private final SocketChannel channel;
  private final Optional<ClientTls> tls;
  private volatile Optional<Abort> abort = Optional.empty();

  /** Whether some of the request may have left. */
  private boolean sent;

  /** Why another thread ended the exchange. */
  private record Abort(String code, String message) {}

  private AdminExchange(
      AdminRequest request,
      AdminDeadlines deadlines,
      EventLog events,
      SocketChannel channel,
      Optional<ClientTls> tls) {
    this.tls = tls;
    this.request = request;
    this.deadlines = deadlines;
    this.clock = events.clock();
    this.role = events.role();
    this.channel = channel;
  }

  /** An exchange that has not begun; {@link #carryOut} closes it. */
  static AdminExchange open(
      AdminRequest request, AdminDeadlines deadlines, EventLog events, Optional<ClientTls> tls) {
    try {
      return new AdminExchange(request, deadlines, events, SocketChannel.open(), tls);
    } catch (IOException e) {
      throw AdminException.notSent(
          request.call(), "unreachable", "cannot open a socket: " + OneLine.of(e));
    }
  }

  /**
   * Carries the exchange out with the server at {@code address} and returns its answer. Called
   * once.
   *
   * @param endNanos the clock's reading by which the whole answer must have arrived
   * @throws AdminException if a step fails or takes too long, or the exchange is aborted
   */
  AdminAnswer carryOut(InetAddress address, long endNanos) {
    try (channel;
        Waits.Open _ = awaited(endNanos)) {
      connect(new InetSocketAddress(address, request.origin().port()), endNanos);
      Plain plain = new Plain(endNanos);
      Optional<TlsStream> secure = tls.map(verified -> stream(verified, plain));
      if (secure.isPresent()) {
        handshake(secure.get(), plain, endNanos);
      }
      long connected = clock.nanos();
      sent = true;
      if (secure.isPresent()) {
        secure.get().write(request.toHttp());
        return read(secure.get()::read, connected);
      }
      plain.write(request.toHttp());
      return read(plain::read, connected);
    } catch (IOException e) {
      throw aborted().orElseGet(() -> failed("closed", "the connection broke: " + OneLine.of(e)));
    }
  }

  /** A GET blocks no other work: its wait is listed, but is never overdue. */
  private Waits.Open awaited(long endNanos) {
    String answer = "the answer to " + request.method() + " " + request.path();
    String server = "inference " + request.origin().authority();
    return request.method().equals("GET")
        ? Waits.idle(role, answer, server)
        : Waits.begin(
            role, answer, server, Duration.ofNanos(Math.max(1, endNanos - clock.nanos())));
  }

  private void connect(InetSocketAddress server, long endNanos) throws IOException {
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    Socket socket = channel.socket();
    int timeoutMs = shorterMillis(deadlines.connect(), endNanos);
    try {
      socket.connect(server, timeoutMs);
    } catch (SocketTimeoutException e) {
      throw failed("connect_timeout", "no connection within %d ms".formatted(timeoutMs));
    } catch (IOException e) {
      throw aborted().orElseGet(() -> failed("unreachable", "cannot connect: " + OneLine.of(e)));
    }
  }

  private TlsStream stream(ClientTls verified, Plain plain) {
    Origin server = request.origin();
    return new TlsStream(verified.engine(server.address(), server.port()), plain);
  }

  private void handshake(TlsStream secure, Plain plain, long endNanos) throws IOException {
    int timeoutMs = shorterMillis(deadlines.connect(), endNanos);
    plain.endNanos = clock.nanos() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    try {
      secure.handshake();
    } catch (SocketTimeoutException e) {
      throw failed("connect_timeout", "no TLS handshake within %d ms".formatted(timeoutMs));
    } catch (IOException e) {
      throw aborted().orElseGet(() -> failed("unreachable", "cannot speak TLS: " + OneLine.of(e)));
    }
    plain.endNanos = endNanos;
  }

  /** The connection's own bytes, read and written by a deadline. */
  private final class Plain implements TlsStream.Carrier {
    private long endNanos;

    Plain(long endNanos) {
      this.endNanos = endNanos;
    }

    @Override
    public int read(byte[] bytes) throws IOException {
      channel.socket().setSoTimeout(millisUntil(endNanos));
      return channel.socket().getInputStream().read(bytes);
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
      AdminExchange.this.write(bytes, endNanos);
    }
  }

  /** Writes without blocking, because a blocking write has no deadline. */
  private void write(ByteBuffer bytes, long endNanos) throws IOException {
    int timeoutMs = shorterMillis(deadlines.write(), endNanos);
    long end = clock.nanos() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    channel.configureBlocking(false);
    channel.write(bytes);
    while (bytes.hasRemaining()) {
      if (clock.nanos() >= end) {
        throw failed(
            "write_timeout", "the request was not written within %d ms".formatted(timeoutMs));
      }
      LockSupport.parkNanos(WRITE_RETRY_NANOS);
      if (Thread.currentThread().isInterrupted()) {
        throw interrupted();
      }
      channel.write(bytes);
    }
    channel.configureBlocking(true);
  }

  /** Reads at least one byte, or −1 at the end. */
  @FunctionalInterface
  private interface Reading {
    int read(byte[] bytes) throws IOException;
  }

  private AdminAnswer read(Reading in, long connected) throws IOException {
    byte[] bytes = new byte[READ_BYTES];
    try (AnswerReader answer = new AnswerReader()) {
      while (!answer.isWhole()) {
        int count = in.read(bytes);
        if (count < 0) {
          answer.ended();
          if (!answer.isWhole()) {
            throw aborted()
                .orElseGet(
                    () ->
                        failed(
                            "closed", "the server closed the connection before its answer ended"));
          }
        } else {
          answer.feed(bytes, count);
        }
      }
      return new AdminAnswer(answer.status(), answer.body(), connected, clock.nanos());
    } catch (SocketTimeoutException e) {
      throw failed(
          "read_timeout", "no answer within %d ms".formatted(request.deadline().toMillis()));
    } catch (WireException e) {
      throw failed("bad_answer", "not HTTP: " + e.getMessage());
    }
  }

  /** Milliseconds that a step may take: its own deadline, or less if the call ends earlier. */
  private int shorterMillis(Duration step, long endNanos) {
    long nanos = Math.min(step.toNanos(), endNanos - clock.nanos());
    return Math.clamp(TimeUnit.NANOSECONDS.toMillis(nanos), 1, Integer.MAX_VALUE);
  }

  private int millisUntil(long endNanos) throws SocketTimeoutException {
    long left = TimeUnit.NANOSECONDS.toMillis(endNanos - clock.nanos());
    if (left <= 0) {
      throw new SocketTimeoutException();
    }
    return (int) Math.min(left, Integer.MAX_VALUE);
  }

  /** Ends the exchange without its answer, unless it has ended. From any thread. */
  void abort(String code, String message) {
    abort = Optional.of(new Abort(code, message));
    try {
      channel.close();
    } catch (IOException e) {
      // The descriptor is released either way; the exchange reports why it was aborted.
    }
  }

  /** The error of an exchange that was ended from outside, if it was. */
  private Optional<AdminException> aborted() {
    if (Thread.currentThread().isInterrupted()) {
      return Optional.of(interrupted());
    }
    return abort.map(why -> failed(why.code(), why.message()));
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
