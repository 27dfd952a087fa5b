package dev.freshet.router;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A client of the front that sends and receives bytes, and reads heads. */
final class RawClient implements AutoCloseable {
  /** The head of an answer; names in lower case. */
  record Head(int status, Map<String, String> headers) {
    String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  /** A whole answer; the body as it came, with the framing of chunks. */
  record Answer(Head head, byte[] body) {
    int status() {
      return head.status();
    }

    String text() {
      return new String(body, StandardCharsets.ISO_8859_1);
    }
  }

  final Socket socket;
  final InputStream in;

  RawClient(URI front) throws IOException {
    this.socket = new Socket(front.getHost(), front.getPort());
    socket.setSoTimeout(60_000);
    socket.setTcpNoDelay(true);
    this.in = new BufferedInputStream(socket.getInputStream());
  }

  static String post(String path, String body, String... headers) {
    StringBuilder all = new StringBuilder("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    for (String header : headers) {
      all.append(header).append("\r\n");
    }
    return all + "Content-Length: " + body.length() + "\r\n\r\n" + body;
  }

  static String get(String path, String... headers) {
    StringBuilder all = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    for (String header : headers) {
      all.append(header).append("\r\n");
    }
    return all + "\r\n";
  }

  /** One request on a connection of its own. */
  static Answer exchange(URI front, String request) throws IOException {
    try (RawClient client = new RawClient(front)) {
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

  Answer answer(boolean headOnly) throws IOException {
    Head head = head();
    if (headOnly || head.status() == 204 || head.status() == 304) {
      return new Answer(head, new byte[0]);
    }
    if (head.header("transfer-encoding").equals("chunked")) {
      return new Answer(head, chunks());
    }
    return new Answer(
        head,
        head.headers().containsKey("content-length")
            ? in.readNBytes(Integer.parseInt(head.header("content-length")))
            : in.readAllBytes());
  }

  Head head() throws IOException {
    int status = Integer.parseInt(line().split(" ", 3)[1]);
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return new Head(status, headers);
  }

  /** Reads to the end of a chunked body, and returns all of its bytes as they came. */
  private byte[] chunks() throws IOException {
    ByteArrayOutputStream raw = new ByteArrayOutputStream();
    while (true) {
      String size = line();
      raw.writeBytes((size + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
      int length = Integer.parseInt(size.replaceAll("[; \t].*", ""), 16);
      if (length == 0) {
        break;
      }
      raw.writeBytes(in.readNBytes(length + 2));
    }
    String trailer;
    do {
      trailer = line();
      raw.writeBytes((trailer + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    } while (!trailer.isEmpty());
    return raw.toByteArray();
  }

  /** Reads one chunk of the body. */
  String chunk() throws IOException {
    int length = Integer.parseInt(line(), 16);
    String data = new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    line();
    return data;
  }

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
    return line.toString(StandardCharsets.ISO_8859_1);
  }

  /** All bytes until the front closes the connection; a reset ends them too. */
  String rest() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      for (int b = in.read(); b >= 0; b = in.read()) {
        all.write(b);
      }
    } catch (SocketException e) {
      all.writeBytes("RESET".getBytes(StandardCharsets.ISO_8859_1));
    }
    return all.toString(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
