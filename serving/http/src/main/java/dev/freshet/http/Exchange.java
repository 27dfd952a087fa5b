package dev.freshet.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The answering side of one request. It is answered once: as a whole ({@link #answer}) or by a
 * stream of events ({@link #beginEvents}, {@link #write}, {@link #end}). Everything is for the
 * connection's event loop, except {@code answer}, which any thread may call.
 */
public final class Exchange {
  /** Learns what becomes of the connection. */
  public interface Watcher {
    /** The client has left. */
    void gone();

    /** The connection takes bytes again. */
    void writable();
  }

  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

  /** More than what stands around the bytes of a chunk. */
  private static final int CHUNK_FRAME = 16;

  /** More than the head of an answer has. */
  private static final int HEAD_BYTES = 256;

  private static final Watcher NOBODY =
      new Watcher() {
        @Override
        public void gone() {}

        @Override
        public void writable() {}
      };

  private final HttpConnection connection;
  private final Channel channel;
  private final boolean http11;
  private final boolean keepAlive;
  private Watcher watcher = NOBODY;
  private boolean answered;

  Exchange(HttpConnection connection, Channel channel, boolean http11, boolean keepAlive) {
    this.connection = connection;
    this.channel = channel;
    this.http11 = http11;
    this.keepAlive = keepAlive;
  }

  public EventLoop loop() {
    return channel.eventLoop();
  }

  public boolean isGone() {
    return !channel.isActive();
  }

  public boolean isWritable() {
    return channel.isWritable();
  }

  public void watch(Watcher by) {
    watcher = by;
  }

  Watcher watcher() {
    return watcher;
  }

  public void answer(ApiError error) {
    answer(error.status(), error.body().toJson());
  }

  /** Answers with a JSON body. */
  public void answer(int status, byte[] json) {
    answer(status, Body.json(json));
  }

  public void answer(int status, Body body) {
    if (!loop().inEventLoop()) {
      try {
        loop().execute(() -> answer(status, body));
      } catch (RejectedExecutionException e) {
        LOG.debug("an answer for a loop that has ended with its connections");
      }
      return;
    }
    if (answered || isGone()) {
      return;
    }
    answered = true;
    boolean again = keepAlive && !connection.isClosing();
    ByteBuf out = channel.alloc().ioBuffer(body.bytes().length + HEAD_BYTES);
    HttpHead.of(out, status, body, again);
    out.writeBytes(body.bytes());
    connection.write(out);
    connection.exchangeEnded(again);
  }

  /** Whether the events are framed as HTTP chunks. */
  public boolean chunked() {
    return http11;
  }

  /** Sends the head of a stream of events. */
  public void beginEvents() {
    answered = true;
    ByteBuf out = channel.alloc().ioBuffer(HEAD_BYTES);
    HttpHead.events(out, http11, keepAlive && http11);
    connection.write(out);
    connection.flush();
  }

  /** Sends bytes of the stream; {@link #flush} pushes them out. */
  public void write(JsonBuffer bytes) {
    ByteBuf out = channel.alloc().ioBuffer(bytes.length());
    bytes.copyTo(out);
    connection.write(out);
  }

  /** Sends bytes of the stream, as a chunk of their own where it has chunks. */
  public void write(byte[] bytes) {
    ByteBuf out = channel.alloc().ioBuffer(bytes.length + CHUNK_FRAME);
    if (chunked()) {
      out.writeCharSequence(Integer.toHexString(bytes.length) + "\r\n", StandardCharsets.US_ASCII);
    }
    out.writeBytes(bytes);
    if (chunked()) {
      out.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
    }
    connection.write(out);
  }

  public void flush() {
    connection.flush();
  }

  /** Ends a stream of events that has no last one. */
  public void endEvents() {
    if (chunked()) {
      ByteBuf out = channel.alloc().ioBuffer(CHUNK_FRAME);
      out.writeCharSequence("0\r\n\r\n", StandardCharsets.US_ASCII);
      connection.write(out);
    }
    end();
  }

  /** The stream is written to its end. */
  public void end() {
    connection.exchangeEnded(keepAlive && http11 && !connection.isClosing());
  }

  /** Gives the client up. */
  public void drop() {
    Transport.close(channel);
  }
}
