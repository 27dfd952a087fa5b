package dev.freshet.environments;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A WebSocket server on a real socket (RFC 6455), of the texts that a test needs: each text of a
 * client is answered with the text that the test gives, or the connection is cut.
 */
final class WebSocketServer implements AutoCloseable {
  /** Answers a text; empty cuts the connection without a close. */
  interface Answers {
    Optional<String> answer(String text) throws InterruptedException;
  }

  final List<String> received = new CopyOnWriteArrayList<>();
  final AtomicInteger connections = new AtomicInteger();
  final AtomicInteger open = new AtomicInteger();

  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  private static final int TEXT = 0x1;
  private static final int CLOSE = 0x8;

  private final ServerSocket listener;
  private final Answers answers;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  WebSocketServer(Answers answers) throws IOException {
    this.listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    this.answers = answers;
    threads.execute(this::accept);
  }

  String url() {
    return "http://127.0.0.1:" + listener.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = listener.accept();
        threads.execute(() -> serve(connection));
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  private void serve(Socket connection) {
    open.incrementAndGet();
    connections.incrementAndGet();
    try (connection) {
      DataInputStream in =
          new DataInputStream(new BufferedInputStream(connection.getInputStream()));
      OutputStream out = connection.getOutputStream();
      out.write(handshake(head(in)).getBytes(StandardCharsets.US_ASCII));
      while (true) {
        int opcode = in.readUnsignedByte() & 0xF;
        byte[] payload = payload(in);
        if (opcode == CLOSE) {
          out.write(frame(CLOSE, payload));
          return;
        }
        String text = new String(payload, StandardCharsets.UTF_8);
        received.add(text);
        Optional<String> answer = answers.answer(text);
        if (answer.isEmpty()) {
          return;
        }
        out.write(frame(TEXT, answer.get().getBytes(StandardCharsets.UTF_8)));
      }
    } catch (IOException | InterruptedException e) {
      // The client has left, or the test is over.
    } finally {
      open.decrementAndGet();
    }
  }

  private static String head(DataInputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) in.readUnsignedByte());
    }
    return head.toString();
  }

  private static String handshake(String head) {
    String path = head.split(" ", 3)[1];
    if (!path.equals("/ws")) {
      return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    }
    String key = head.replaceAll("(?is).*sec-websocket-key: *([^\r]*)\r.*", "$1");
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-1")
              .digest((key + GUID).getBytes(StandardCharsets.US_ASCII));
      return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          + "Sec-WebSocket-Accept: %s\r\n\r\n"
              .formatted(Base64.getEncoder().encodeToString(digest));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The payload of a frame of a client, which is masked. */
  private static byte[] payload(DataInputStream in) throws IOException {
    int length = in.readUnsignedByte() & 0x7F;
    if (length == 126) {
      length = in.readUnsignedShort();
    } else if (length == 127) {
      length = Math.toIntExact(in.readLong());
    }
    byte[] mask = in.readNBytes(4);
    byte[] payload = in.readNBytes(length);
    for (int i = 0; i < payload.length; i++) {
      payload[i] ^= mask[i % 4];
    }
    return payload;
  }

  private static byte[] frame(int opcode, byte[] payload) {
    if (payload.length < 126) {
      return ByteBuffer.allocate(payload.length + 2)
          .put((byte) (0x80 | opcode))
          .put((byte) payload.length)
          .put(payload)
          .array();
    }
    return ByteBuffer.allocate(payload.length + 10)
        .put((byte) (0x80 | opcode))
        .put((byte) 127)
        .putLong(payload.length)
        .put(payload)
        .array();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    threads.shutdownNow();
  }
}
