package dev.freshet.fleet;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A network between a fleet and one of its servers: relays a request a connection, and on order
 * delays, loses or resets one.
 */
public final class ChaosProxy implements AutoCloseable {
  /** What happens to a request. */
  public enum Trouble {
    /** The connection is reset before the server gets the request. */
    RESETS_REQUEST,
    /** The connection is reset in the middle of the answer. */
    RESETS_ANSWER,
    /** The server never gets the request, and the connection stays open. */
    LOSES_REQUEST,
    /** The answer never arrives, and the connection stays open. */
    LOSES_ANSWER
  }

  private record Plan(String call, Trouble trouble) {}

  private static final Pattern LENGTH = Pattern.compile("content-length: *(\\d+)");
  private static final Pattern PHASE = Pattern.compile("\"phase\":\"(\\w+)\"");

  private final URI target;
  private Optional<Plan> plan = Optional.empty();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile CountDownLatch healed = new CountDownLatch(1);
  private volatile Duration delay = Duration.ZERO;
  private final ServerSocket listener;

  public ChaosProxy(URI target) throws IOException {
    this.target = target;
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    accept();
  }

  public URI url() {
    return URI.create("http://127.0.0.1:" + listener.getLocalPort());
  }

  /** The next request for {@code call}, a path or path and phase, has {@code trouble}, once. */
  public synchronized void next(String call, Trouble trouble) {
    plan = Optional.of(new Plan(call, trouble));
  }

  /** Every request and every answer takes so long. */
  public void delay(Duration each) {
    delay = each;
  }

  /** Whether the trouble has come. */
  synchronized boolean hasStruck() {
    return plan.isEmpty();
  }

  /** What was lost ends now, and no request has a trouble or a delay any longer. */
  public synchronized void heal() {
    plan = Optional.empty();
    delay = Duration.ZERO;
    healed.countDown();
    healed = new CountDownLatch(1);
  }

  private void accept() {
    Thread.ofPlatform()
        .daemon()
        .name("chaos-accept")
        .start(
            () -> {
              try {
                while (true) {
                  Socket client = listener.accept();
                  open.add(client);
                  Thread.ofPlatform().daemon().name("chaos-relay").start(() -> relay(client));
                }
              } catch (IOException e) {
                // The listener is closed.
              }
            });
  }

  private void relay(Socket client) {
    try (client;
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target.getPort())) {
      open.add(server);
      client.setTcpNoDelay(true);
      byte[] request = request(client.getInputStream());
      Optional<Trouble> trouble = take(request);
      LockSupport.parkNanos(delay.toNanos());
      if (trouble.filter(Trouble.RESETS_REQUEST::equals).isPresent()) {
        reset(client);
        return;
      }
      if (trouble.filter(Trouble.LOSES_REQUEST::equals).isPresent()) {
        healed.await();
        return;
      }
      server.getOutputStream().write(request);
      byte[] answer = server.getInputStream().readAllBytes();
      LockSupport.parkNanos(delay.toNanos());
      if (trouble.filter(Trouble.LOSES_ANSWER::equals).isPresent()) {
        healed.await();
        return;
      }
      boolean resets = trouble.filter(Trouble.RESETS_ANSWER::equals).isPresent();
      client.getOutputStream().write(answer, 0, resets ? answer.length / 2 : answer.length);
      if (resets) {
        reset(client);
      }
    } catch (IOException e) {
      // One of the two has gone: so has the other.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(client);
    }
  }

  private static void reset(Socket client) throws IOException {
    client.setSoLinger(true, 0);
    client.close();
  }

  private synchronized Optional<Trouble> take(byte[] request) {
    String text = new String(request, StandardCharsets.UTF_8);
    String path = text.split(" ", 3)[1].split("\\?", 2)[0];
    Matcher phase = PHASE.matcher(text);
    String call = path + (phase.find() ? "#" + phase.group(1) : "");
    Optional<Trouble> found = plan.filter(p -> p.call().equals(call)).map(Plan::trouble);
    plan = found.isPresent() ? Optional.empty() : plan;
    return found;
  }

  private static byte[] request(InputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (!bytes.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("the client has gone");
      }
      bytes.write(b);
    }
    String head = bytes.toString(StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
    Matcher length = LENGTH.matcher(head);
    bytes.writeBytes(in.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0));
    return bytes.toByteArray();
  }

  @Override
  public void close() throws IOException {
    heal();
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
