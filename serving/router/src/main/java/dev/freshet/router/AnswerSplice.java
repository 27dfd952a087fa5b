package dev.freshet.router;

import dev.freshet.http.Exchange;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.ErrorEvents;
import dev.freshet.wire.WireException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Passes one answer of a replica on to the client: the head is rewritten, the bytes of the body go
 * through as they came, framing included, in the buffers in which they were read. Confined to the
 * event loop.
 */
final class AnswerSplice {
  /** Ends an event that breaks off, so that the next one is read as its own. */
  private static final byte[] END_OF_EVENT = {'\n', '\n'};

  private static final byte[] END_OF_CHUNK = {'\r', '\n'};

  private final Exchange exchange;
  private final HttpMethod method;
  private final String path;
  private final String requestId;
  private final HeadDecoder heads;
  private final ByteBufAllocator allocator;

  /** The start of a line of the head whose end has not arrived. */
  private ByteBuf rest = Unpooled.EMPTY_BUFFER;

  private boolean begun;
  private @Nullable AnswerHead head;
  private @Nullable BodyEnd body;
  private boolean keepAlive;
  private boolean surplus;

  /**
   * @param request what was sent
   * @param from the connection that carries the answer
   */
  AnswerSplice(Exchange exchange, RelayedRequest request, UpstreamConnection from) {
    this.exchange = exchange;
    this.method = request.method();
    this.path = request.request().path();
    this.requestId = request.id();
    this.heads = from.heads();
    this.allocator = from.allocator();
  }

  /**
   * Passes bytes on, which it takes over. Returns whether the answer has ended.
   *
   * @throws WireException if they are not an answer; a body that began stays without its end
   */
  boolean feed(ByteBuf in) {
    begun = true;
    BodyEnd end = body;
    if (end == null) {
      return feedHead(in);
    }
    return feedBody(end, in);
  }

  private boolean feedBody(BodyEnd end, ByteBuf in) {
    int length;
    try {
      length = end.scan(in);
    } catch (WireException e) {
      in.release();
      throw e;
    }
    if (length < in.readableBytes()) {
      surplus = true;
      in.writerIndex(in.readerIndex() + length);
    }
    if (length > 0) {
      exchange.writeEncoded(in);
    } else {
      in.release();
    }
    return end.isReached();
  }

  private boolean feedHead(ByteBuf in) {
    ByteBuf bytes = rest.isReadable() ? joined(rest, in) : in;
    rest = Unpooled.EMPTY_BUFFER;
    try {
      for (Optional<HttpResponse> read = heads.read(bytes);
          read.isPresent();
          read = heads.read(bytes)) {
        AnswerHead answer = new AnswerHead(read.get(), method);
        if (!answer.isInterim()) {
          return beginBody(answer, bytes);
        }
        interim(answer);
      }
    } catch (WireException e) {
      bytes.release();
      throw e;
    }
    if (bytes.isReadable()) {
      rest = bytes;
    } else {
      bytes.release();
    }
    return false;
  }

  private ByteBuf joined(ByteBuf first, ByteBuf second) {
    ByteBuf both = allocator.ioBuffer(first.readableBytes() + second.readableBytes());
    both.writeBytes(first).writeBytes(second);
    first.release();
    second.release();
    return both;
  }

  private void interim(AnswerHead answer) {
    if (answer.status() == HttpResponseStatus.SWITCHING_PROTOCOLS.code()) {
      throw new WireException("answered 101 to a request without an upgrade");
    }
    if (exchange.isHttp11()) {
      exchange.writeInterim(answer.encodeInterim(allocator));
    }
  }

  private boolean beginBody(AnswerHead answer, ByteBuf bytes) {
    BodyEnd end = answer.bodyEnd();
    if (end.isChunked() && !exchange.isHttp11()) {
      throw new WireException("answered a client of HTTP/1.0 in chunks");
    }
    head = answer;
    body = end;
    exchange.encodedStatus(answer.status());
    keepAlive = exchange.keepsAlive() && !end.isOfConnection();
    exchange.writeEncoded(answer.encode(allocator, requestId, exchange.allowedOrigin(), keepAlive));
    return feedBody(end, bytes);
  }

  /** Whether a byte of the answer has arrived. */
  boolean hasBegun() {
    return begun;
  }

  /** The status, once the head was passed on. */
  OptionalInt status() {
    return head == null ? OptionalInt.empty() : OptionalInt.of(head.status());
  }

  /** Whether the body ends when the replica closes the connection. */
  boolean endsWithConnection() {
    return body != null && body.isOfConnection();
  }

  /** Whether the client's connection stays open after the whole answer. */
  boolean keepsClient() {
    return keepAlive;
  }

  /** Whether the replica's connection can carry another request after the whole answer. */
  boolean keepsUpstream() {
    return head != null && head.keepsAlive() && !surplus;
  }

  /**
   * Adds an error event, as clients of the route read it, to an event stream that breaks off.
   * Returns false if none can be added: in the middle of a chunk, or to a stream that is
   * compressed.
   */
  boolean addErrorEvent(ErrorBody error) {
    if (head == null || body == null || !head.isPlainEventStream()) {
      return false;
    }
    byte[] event = ErrorEvents.of(path, error);
    int length = END_OF_EVENT.length + event.length;
    ByteBuf bytes = allocator.ioBuffer(length + 16);
    if (body.isBetweenChunks()) {
      bytes.writeCharSequence(Integer.toHexString(length) + "\r\n", StandardCharsets.US_ASCII);
      bytes.writeBytes(END_OF_EVENT).writeBytes(event).writeBytes(END_OF_CHUNK);
      exchange.writeEncoded(bytes);
      return true;
    }
    if (body.isOfConnection()) {
      exchange.writeEncoded(bytes.writeBytes(END_OF_EVENT).writeBytes(event));
      return true;
    }
    bytes.release();
    return false;
  }

  /** Gives back what it holds. */
  void release() {
    rest.release();
    rest = Unpooled.EMPTY_BUFFER;
  }
}
