package dev.freshet.http;

import dev.freshet.wire.ErrorBody;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The answering side of one request. It is answered once: as a whole ({@link #answer}), as an event
 * stream ({@link #beginEvents}, {@link #writeChunk}, {@link #end}), or with bytes of HTTP that the
 * caller encodes ({@link #writeEncoded}, {@link #endEncoded}). All methods must be called on the
 * connection's event loop, except {@code answer}, which any thread may call.
 */
public final class Exchange {
  /** Callbacks about the connection, on its event loop. */
  public interface Watcher {
    /** The connection is closed. */
    void disconnected();

    /** The connection accepts bytes again. */
    void writable();
  }

  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

  /** A chunk's size line before the size is known: HTTP allows leading zeros. */
  private static final byte[] SIZE_LINE = JsonBuffer.ascii("00000000\r\n");

  private static final int SIZE_DIGITS = 8;
  private static final byte[] END_OF_CHUNK = JsonBuffer.ascii("\r\n");
  private static final byte[] LAST_CHUNK = JsonBuffer.ascii("0\r\n\r\n");

  private static final byte[] COMMENT = JsonBuffer.ascii(":\n\n");

  private static final Watcher NO_WATCHER =
      new Watcher() {
        @Override
        public void disconnected() {}

        @Override
        public void writable() {}
      };

  private final HttpConnection connection;
  private final Channel channel;

  private final AnswerForm form;
  private final RequestLog.Usage usage = new RequestLog.Usage();
  private int status;
  private Watcher watcher = NO_WATCHER;
  private final Map<String, String> headers = new LinkedHashMap<>();
  private final Function<ErrorBody, byte[]> errorForm;
  private boolean answered;
  private boolean streaming;
  private boolean endsWithInput;
  private boolean broken;

  /**
   * @param errorForm how error answers are written
   */
  Exchange(
      HttpConnection connection,
      Channel channel,
      AnswerForm form,
      Function<ErrorBody, byte[]> errorForm) {
    this.errorForm = errorForm;
    this.connection = connection;
    this.channel = channel;
    this.form = form;
  }

  /** What the request has used, for the log. */
  public RequestLog.Usage usage() {
    return usage;
  }

  /** The status of the answer; 0 before it begins. */
  int status() {
    return status;
  }

  public EventLoop loop() {
    return channel.eventLoop();
  }

  public boolean isDisconnected() {
    return !channel.isActive();
  }

  public boolean isWritable() {
    return channel.isWritable();
  }

  /** Sets who is called back about the connection. */
  public void watch(Watcher by) {
    watcher = by;
  }

  /** Adds a header to the answer that is to come. On the event loop. */
  public void header(String name, String value) {
    headers.put(name, value);
  }

  Watcher watcher() {
    return watcher;
  }

  public void answer(ApiError error) {
    answer(error.status(), error.toBody(errorForm));
  }

  /** Answers with a JSON body. */
  public void answer(int status, byte[] json) {
    answer(status, Body.json(json));
  }

  /** Answers with plain text. */
  public void answerText(int status, String text) {
    answer(status, new Body("text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8)));
  }

  void answer(int code, Body body) {
    if (!loop().inEventLoop()) {
      try {
        loop().execute(() -> answer(code, body));
      } catch (RejectedExecutionException e) {
        LOG.debug("dropped an answer: its event loop has ended with its connections");
      }
      return;
    }
    if (answered || isDisconnected()) {
      return;
    }
    answered = true;
    status = code;
    AnswerForm now = connection.isClosing() ? form.last() : form;
    connection.write(AnswerEncoder.answer(channel.alloc(), code, body.with(headers), now));
    connection.exchangeEnded(now.keepAlive());
  }

  /** Sends the head of an event stream. */
  public void beginEvents() {
    answered = true;
    streaming = true;
    status = 200;
    connection.write(AnswerEncoder.eventsHead(channel.alloc(), headers, form));
    connection.flush();
  }

  /** Answers {@code HEAD} of an event stream. */
  void answerEventsHead() {
    beginEvents();
    end();
  }

  /** Clears {@code out} and begins a chunk of the stream in it. */
  public void beginChunk(JsonBuffer out) {
    out.clear();
    if (form.http11()) {
      out.raw(SIZE_LINE);
    }
  }

  /**
   * Writes the chunk in {@code out}, which {@link #beginChunk} began; {@link #flush} or {@link
   * #end} sends it.
   *
   * @param last whether the stream ends with it
   */
  public void writeChunk(JsonBuffer out, boolean last) {
    if (form.http11()) {
      out.hexAt(0, SIZE_DIGITS, out.length() - SIZE_LINE.length);
      out.raw(END_OF_CHUNK);
      if (last) {
        out.raw(LAST_CHUNK);
      }
    }
    ByteBuf bytes = channel.alloc().ioBuffer(out.length());
    out.copyTo(bytes);
    connection.write(bytes);
  }

  /** Writes bytes of the stream as a chunk of their own. */
  void writeChunk(byte[] bytes) {
    ByteBuf out = channel.alloc().ioBuffer(SIZE_LINE.length + bytes.length + END_OF_CHUNK.length);
    if (form.http11()) {
      out.writeCharSequence(Integer.toHexString(bytes.length) + "\r\n", StandardCharsets.US_ASCII);
    }
    out.writeBytes(bytes);
    if (form.http11()) {
      out.writeBytes(END_OF_CHUNK);
    }
    connection.write(out);
  }

  public void flush() {
    connection.flush();
  }

  /** Whether the client speaks HTTP/1.1, and so reads chunks and interim responses. */
  public boolean isHttp11() {
    return form.http11();
  }

  /** The allowed origin of the web page that may read the answer, or empty text. */
  public String allowedOrigin() {
    return form.origin();
  }

  /** Whether the connection is to stay open after an answer whose end the client can tell. */
  public boolean keepsAlive() {
    return form.keepAlive() && !connection.isClosing();
  }

  /**
   * Closes the connection as soon as the client ends its sending side, as most clients do that no
   * longer want the answer. Without this call such a client still gets it.
   */
  public void endWithInput() {
    endsWithInput = true;
    if (connection.hasInputEnded()) {
      disconnect();
    }
  }

  boolean endsWithInput() {
    return endsWithInput;
  }

  /** Writes an encoded interim response, which it takes over: the answer is still to come. */
  public void writeInterim(ByteBuf bytes) {
    connection.write(bytes);
  }

  /** Records the status of an answer that the caller encodes. */
  public void encodedStatus(int code) {
    status = code;
  }

  /** Writes bytes of an answer that the caller encodes, head included, and takes them over. */
  public void writeEncoded(ByteBuf bytes) {
    answered = true;
    connection.write(bytes);
  }

  /**
   * Ends an answer of {@link #writeEncoded} and flushes it.
   *
   * @param keepAlive whether its head left the connection open
   */
  public void endEncoded(boolean keepAlive) {
    connection.exchangeEnded(keepAlive && !connection.isClosing());
  }

  /**
   * Sends what clients ignore.
   *
   * @param interim whether a client that was not answered is sent something too
   */
  void probe(boolean interim) {
    if (streaming && isWritable()) {
      writeChunk(COMMENT);
      flush();
    } else if (interim && !answered && form.http11()) {
      connection.writeContinue();
    }
  }

  /** Ends an event stream whose last chunk is not known as such. */
  void endEvents() {
    if (form.http11()) {
      connection.write(channel.alloc().ioBuffer(LAST_CHUNK.length).writeBytes(LAST_CHUNK));
    }
    end();
  }

  /** Ends an event stream whose last chunk is written, and flushes it. */
  public void end() {
    streaming = false;
    connection.exchangeEnded(form.keepsAliveStream() && !connection.isClosing());
  }

  /** Records, for the log, that the answer breaks off because its source did. */
  public void brokenOff() {
    broken = true;
  }

  boolean isBroken() {
    return broken;
  }

  /**
   * Closes the connection with a reset, which no client takes for the end of an answer, and without
   * sending what is buffered.
   */
  public void reset() {
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    Transport.closeWithoutNotice(channel);
  }

  /** Closes the connection without ending the answer. */
  public void disconnect() {
    Transport.close(channel);
  }
}
