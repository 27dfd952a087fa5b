package dev.freshet.http;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A client that sends any bytes and reads answers as RFC 9112 frames them. */
final class RawClient implements AutoCloseable {
  /**
   * An answer.
   *
   * @param headers by name in lower case
   */
  record Answer(int status, Map<String, String> headers, String body) {
    String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  final Socket socket;
  private final InputStream in;

  RawClient(InetSocketAddress server) throws IOException {
    this(new Socket(server.getAddress(), server.getPort()));
  }

  RawClient(Socket connected) throws IOException {
    socket = connected;
    socket.setSoTimeout(60_000);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** Sends one request over a connection of its own. */
  static Answer exchange(InetSocketAddress server, String request) throws IOException {
    try (RawClient client = new RawClient(server)) {
      return client.ask(request);
    }
  }

  void send(String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Sends a request and reads its answer. */
  Answer ask(String request) throws IOException {
    send(request);
    return answer(request.startsWith("HEAD "));
  }

  Answer answer() throws IOException {
    return answer(false);
  }

  private Answer answer(boolean headOnly) throws IOException {
    int status = Integer.parseInt(line().split(" ", 3)[1]);
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 2));
    }
    boolean chunked = headers.getOrDefault("transfer-encoding", "").equals("chunked");
    String body = "";
    if (!headOnly && status >= 200) {
      body = chunked ? chunks() : bytes(Integer.parseInt(headers.get("content-length")));
    }
    return new Answer(status, headers, body);
  }

  private String chunks() throws IOException {
    StringBuilder all = new StringBuilder();
    for (int size = chunk(all); size > 0; size = chunk(all)) {}
    return all.toString();
  }

  /** Reads one chunk; returns its size. */
  int chunk(StringBuilder into) throws IOException {
    int size = Integer.parseInt(line(), 16);
    into.append(bytes(size));
    line();
    return size;
  }

  private String bytes(int count) throws IOException {
    return new String(in.readNBytes(count), StandardCharsets.UTF_8);
  }

  /** Reads a line; fails if the connection ends before its end. */
  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("the connection ended after '" + line + "'");
      }
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  /** Whether the server has closed the connection; waits for bytes or the end. */
  boolean isEnded() throws IOException {
    try {
      return in.read() < 0;
    } catch (SocketException e) {
      return true; // Reset.
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
