package dev.freshet.router;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A replica that writes whatever bytes a test wants, on blocking sockets, a thread for each
 * connection. It answers probes by itself: {@code /health}, its version to {@code /weight_info},
 * that it is not paused to {@code /is_paused}, and a page without metrics.
 */
final class ScriptedReplica implements AutoCloseable {
  /** A request as it arrived. */
  record Arrived(String line, List<String> headers, byte[] body) {
    String path() {
      return line.split(" ", 3)[1];
    }

    /** The value of a header, or empty text. */
    String header(String name) {
      return headers.stream()
          .filter(header -> header.toLowerCase(Locale.ROOT).startsWith(name + ": "))
          .map(header -> header.substring(name.length() + 2))
          .findFirst()
          .orElse("");
    }
  }

  /** One connection from the front. */
  static final class Connection {
    final Socket socket;
    final InputStream in;
    final OutputStream out;

    Connection(Socket socket) throws IOException {
      this.socket = socket;
      this.in = new BufferedInputStream(socket.getInputStream());
      this.out = socket.getOutputStream();
    }

    void write(String bytes) throws IOException {
      out.write(bytes.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
    }

    /** Blocks until the front has closed the connection. */
    void awaitEnd() throws IOException {
      try {
        while (in.read() >= 0) {}
      } catch (SocketException e) {
        // Reset: also an end.
      }
    }

    /** Closes the connection with a reset. */
    void reset() throws IOException {
      socket.setSoLinger(true, 0);
      socket.close();
    }
  }

  /** What it does with a request. */
  @FunctionalInterface
  interface Script {
    void answer(Arrived request, Connection connection) throws IOException;
  }

  final List<Arrived> arrived = new CopyOnWriteArrayList<>();
  private final ServerSocket listener;
  private final Thread acceptor;
  private final AtomicInteger accepted = new AtomicInteger();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  volatile Script script;
  volatile String version = "0";
  volatile boolean healthy = true;

  /** A larger body is answered 413 unread, and the connection closed. */
  volatile int maxBody = Integer.MAX_VALUE;

  /** It answers nothing, as a process that is stopped, until this is zero. */
  volatile CountDownLatch stopped = new CountDownLatch(0);

  ScriptedReplica(Script script) throws IOException {
    this(script, 0);
  }

  ScriptedReplica(Script script, int port) throws IOException {
    this.script = script;
    this.listener = new ServerSocket(port, 1024, InetAddress.getLoopbackAddress());
    this.acceptor = Thread.ofPlatform().daemon().start(this::accept);
  }

  /** Answers every request with a JSON body. */
  static Script json(String body) {
    return (_, connection) -> connection.write(ok(body));
  }

  static String ok(String body) {
    return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
        .formatted(body.length(), body);
  }

  int port() {
    return listener.getLocalPort();
  }

  String name() {
    return "127.0.0.1:" + port();
  }

  String url() {
    return "http://" + name();
  }

  boolean isClosed() {
    return listener.isClosed();
  }

  /** Connections that were made so far. */
  int accepted() {
    return accepted.get();
  }

  /** Connections that are open now. */
  int connections() {
    return open.size();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        accepted.incrementAndGet();
        open.add(socket);
        Thread.ofPlatform().daemon().start(() -> serve(socket));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      Connection connection = new Connection(socket);
      while (true) {
        Optional<Arrived> next = read(connection);
        if (next.isEmpty()) {
          return;
        }
        Arrived request = next.get();
        stopped.await();
        if (request.path().equals("/health")) {
          connection.write(healthy ? ok("{}") : "HTTP/1.1 500 Dead\r\ncontent-length: 0\r\n\r\n");
        } else if (request.path().equals("/weight_info")) {
          connection.write(ok("{\"weight_version\":\"%s\"}".formatted(version)));
        } else if (request.path().equals("/is_paused")) {
          connection.write(ok("{\"is_paused\":false}"));
        } else if (request.path().equals("/metrics")) {
          connection.write(ok(""));
        } else {
          arrived.add(request);
          script.answer(request, connection);
        }
      }
    } catch (IOException | InterruptedException e) {
      // The front has left, or the test has closed the socket.
    } finally {
      open.remove(socket);
    }
  }

  private Optional<Arrived> read(Connection connection) throws IOException {
    InputStream in = connection.in;
    String line = line(in);
    if (line.isEmpty()) {
      return Optional.empty();
    }
    List<String> headers = new ArrayList<>();
    Map<String, String> byName = new LinkedHashMap<>();
    for (String header = line(in); !header.isEmpty(); header = line(in)) {
      headers.add(header);
      int colon = header.indexOf(':');
      byName.put(
          header.substring(0, colon).toLowerCase(Locale.ROOT), header.substring(colon + 1).strip());
    }
    int length = Integer.parseInt(byName.getOrDefault("content-length", "0"));
    if (length > maxBody) {
      connection.write("HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\n{}");
      return Optional.empty();
    }
    return Optional.of(new Arrived(line, headers, in.readNBytes(length)));
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(StandardCharsets.ISO_8859_1);
  }

  /** Resets every connection. */
  void resetAll() throws IOException {
    for (Socket socket : open) {
      socket.setSoLinger(true, 0);
      socket.close();
    }
  }

  /** Ends like a process that is killed. */
  @Override
  public void close() throws IOException {
    stopped.countDown();
    listener.close();
    try {
      acceptor.join(); // The kernel may accept connections until then.
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    for (Socket socket : open) {
      socket.close();
    }
  }
}
