package dev.freshet.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;

/**
 * A server on a real socket that follows a test's script, which need not be valid HTTP. It runs on
 * platform threads, so that a test may occupy the carriers of virtual threads.
 */
public final class ScriptedServer implements AutoCloseable {
  /** Serves one connection, which is closed afterwards. */
  @FunctionalInterface
  public interface Script {
    void serve(Connection connection) throws Exception;
  }

  private static final Pattern LENGTH = Pattern.compile("content-length: *(\\d+)");

  private final ServerSocket listener;
  private final String scheme;
  private final Script script;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();

  public ScriptedServer(Script script) throws IOException {
    this(0, script);
  }

  /** A server on that port of the loopback interface. */
  public ScriptedServer(int port, Script script) throws IOException {
    this("http", new ServerSocket(port, 50, InetAddress.getLoopbackAddress()), script);
  }

  /** A server that speaks TLS. */
  ScriptedServer(SSLContext tls, Script script) throws IOException {
    this(
        "https",
        tls.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress()),
        script);
  }

  private ScriptedServer(String scheme, ServerSocket listener, Script script) {
    this.scheme = scheme;
    this.listener = listener;
    this.script = script;
    Thread.ofPlatform().daemon().name("scripted-accept").start(this::accept);
  }

  public URI url() {
    return URI.create(scheme + "://127.0.0.1:" + listener.getLocalPort());
  }

  /** The requests read so far, head and body. */
  public List<String> requests() {
    return requests;
  }

  /** The connections accepted so far. */
  int connections() {
    return connections.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = listener.accept();
        connections.incrementAndGet();
        open.add(socket);
        Thread.ofPlatform().daemon().name("scripted-serve").start(() -> serve(socket));
      }
    } catch (IOException e) {
      // The listener is closed: the test is over.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      script.serve(new Connection(socket));
    } catch (Exception e) {
      // The client closed the connection; the test checks what it needs to know.
    } finally {
      open.remove(socket);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }

  /** One connection. */
  public final class Connection {
    private final Socket socket;
    private String target = "";
    private String body = "";

    Connection(Socket socket) {
      this.socket = socket;
    }

    /** Reads a whole request; false at the end of the connection. */
    public boolean readRequest() throws IOException {
      InputStream in = socket.getInputStream();
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
        int b = in.read();
        if (b < 0) {
          return false;
        }
        head.write(b);
      }
      String text = head.toString(StandardCharsets.US_ASCII);
      Matcher length = LENGTH.matcher(text.toLowerCase(Locale.ROOT));
      byte[] bytes = in.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0);
      target = text.split(" ", 3)[1];
      body = new String(bytes, StandardCharsets.UTF_8);
      requests.add(text + body);
      return true;
    }

    /** The path of the request read last, without its query. */
    public String path() {
      return target.split("\\?", 2)[0];
    }

    /** The path of the request read last, with its query. */
    public String target() {
      return target;
    }

    /** The body of the request read last. */
    public String body() {
      return body;
    }

    public void write(String bytes) throws IOException {
      socket.getOutputStream().write(bytes.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes one byte after the other, each in a packet of its own. */
    public void trickle(String bytes) throws IOException {
      for (byte b : bytes.getBytes(StandardCharsets.UTF_8)) {
        socket.getOutputStream().write(b);
      }
    }

    /** Answers a request with JSON, keeping the connection. */
    public void json(String status, String body) throws IOException {
      write(
          "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
              .formatted(status, body.getBytes(StandardCharsets.UTF_8).length, body));
    }

    /** Begins a stream of events, chunked. */
    public void beginEvents() throws IOException {
      write(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    }

    public void event(String json) throws IOException {
      write(chunk("data: " + json + "\n\n"));
    }

    /** The last event and the end of the answer, in one packet. */
    public void endEventsWith(String json) throws IOException {
      write(chunk("data: " + json + "\n\n") + "0\r\n\r\n");
    }

    public void endEvents() throws IOException {
      write("0\r\n\r\n");
    }

    /** Reads until the client closes. */
    public void awaitEnd() throws IOException {
      while (socket.getInputStream().read() >= 0) {}
    }
  }

  static String chunk(String data) {
    return "%x\r\n%s\r\n".formatted(data.getBytes(StandardCharsets.UTF_8).length, data);
  }
}
