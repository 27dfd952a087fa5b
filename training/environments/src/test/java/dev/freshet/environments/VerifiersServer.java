package dev.freshet.environments;

import dev.freshet.environments.RecordedFrames.Frame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessageUnpacker;
import org.msgpack.value.Value;
import org.zeromq.SocketType;
import org.zeromq.ZContext;
import org.zeromq.ZMQ;

/**
 * An environment server on a real socket that speaks as that of verifiers 0.4.0: a ROUTER that
 * answers a request {@code [id, method, body]} with frames of the test's choice.
 */
final class VerifiersServer implements AutoCloseable {
  /** The frames that answer a request; none leaves it without an answer. */
  interface Answers {
    List<Frame> answer(String method, Value body) throws IOException;
  }

  /** A request. */
  record Received(String id, String method, Value body) {}

  final List<Received> received = new CopyOnWriteArrayList<>();

  private final Answers answers;
  private final String address;
  private final ZContext context = new ZContext();
  private final Thread thread;
  private volatile boolean closing;

  /** Listens on a free port. */
  VerifiersServer(Answers answers) {
    this("tcp://127.0.0.1:*", answers);
  }

  VerifiersServer(String bind, Answers answers) {
    this.answers = answers;
    context.setLinger(0);
    ZMQ.Socket socket = context.createSocket(SocketType.ROUTER);
    socket.setHWM(0);
    socket.bind(bind);
    this.address = socket.getLastEndpoint();
    this.thread = Thread.ofPlatform().name("verifiers-server").start(() -> serve(socket));
  }

  String address() {
    return address;
  }

  /** The requests with a method. */
  List<Received> received(String method) {
    return received.stream().filter(request -> request.method().equals(method)).toList();
  }

  private void serve(ZMQ.Socket socket) {
    socket.setReceiveTimeOut(20);
    while (!closing) {
      byte[] client = socket.recv();
      if (client == null) {
        continue;
      }
      String id = socket.recvStr();
      String method = socket.recvStr();
      Value body = value(socket.recv());
      received.add(new Received(id, method, body));
      try {
        for (Frame frame : answers.answer(method, body)) {
          socket.sendMore(client);
          socket.sendMore(id);
          socket.sendMore(frame.kind().getBytes(StandardCharsets.UTF_8));
          socket.send(frame.body());
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    context.close();
  }

  private static Value value(byte[] body) {
    try (MessageUnpacker in = MessagePack.newDefaultUnpacker(body)) {
      return in.unpackValue();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As if the program had died: its connections end. */
  @Override
  public void close() throws InterruptedException {
    closing = true;
    if (!thread.join(Duration.ofSeconds(30))) {
      throw new AssertionError("the server does not close");
    }
  }
}
