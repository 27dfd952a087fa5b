package dev.freshet.inference.front;

import dev.freshet.client.CompletionRequest;
import dev.freshet.client.ErrorBody;
import dev.freshet.inference.Engine;
import dev.freshet.inference.FinishReason;
import dev.freshet.inference.TokenEvent;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * One completion on its way from engine to client. All on the connection's event loop. What the
 * client does not take is held up to a bound, beyond which the client is given up; a client that
 * leaves or is given up ends the generation at once.
 */
final class CompletionStream implements Exchange.Watcher {
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END_OF_EVENT = "\n\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);
  private static final int SIZE_DIGITS = 8;

  private final CompletionRequest request;
  private final int[] prompt;
  private final Exchange exchange;
  private final LoopOutlet outlet;
  private final StopText text;
  private final TokenBatch batch;
  private final byte[] prefix;
  private final int maxHeldBytes;

  private Optional<Engine.Generation> generation = Optional.empty();
  private Optional<Finish> finish = Optional.empty();
  private boolean ended;

  /**
   * @param prefix the answer's JSON up to its choices
   */
  CompletionStream(
      CompletionRequest request,
      int[] prompt,
      Exchange exchange,
      LoopOutlet outlet,
      StopText text,
      TokenBatch batch,
      byte[] prefix,
      int maxHeldBytes) {
    this.request = request;
    this.prompt = prompt;
    this.exchange = exchange;
    this.outlet = outlet;
    this.text = text;
    this.batch = batch;
    this.prefix = prefix;
    this.maxHeldBytes = maxHeldBytes;
  }

  /** The engine has taken the request: answers with the head of a stream. */
  void begin(Engine.Generation accepted) {
    generation = Optional.of(accepted);
    outlet.add(accepted, this);
    exchange.watch(this);
    if (request.stream()) {
      ByteBuf out = exchange.buffer();
      exchange.beginEvents(out);
      exchange.write(out);
      exchange.flush();
    }
  }

  /** Takes an event of the engine; {@link #send} brings it to the client. */
  void take(TokenEvent event) {
    if (finish.isPresent()) {
      return;
    }
    boolean byToken = event.finish().equals(Optional.of(FinishReason.STOP));
    if (event.token() >= 0) {
      batch.token(event);
      if (!byToken) {
        batch.text(text.push(event.token()));
      }
    }
    if (text.stoppedBy().isEmpty() && event.finish().isPresent()) {
      batch.text(text.flush());
    }
    if (text.stoppedBy().isPresent()) {
      finish = Optional.of(new Finish.ByText(text.stoppedBy().get()));
      cancelGeneration();
    } else if (byToken && request.stopTokenIds().contains(event.token())) {
      finish = Optional.of(new Finish.ByToken(event.token()));
    } else {
      finish = event.finish().map(Finish.Plain::new);
    }
  }

  /** Ends it with what there is: the engine or the server stops. */
  void abort() {
    if (finish.isEmpty()) {
      cancelGeneration();
      batch.text(text.flush());
      finish = Optional.of(new Finish.Plain(FinishReason.ABORT));
    }
    send();
  }

  /** Ends it with an error: it cannot go on. */
  void fail() {
    cancelGeneration();
    finish = Optional.of(new Finish.Plain(FinishReason.ERROR));
    send();
  }

  /** Sends what there is to send, as far as the client takes it. */
  void send() {
    if (ended) {
      return;
    }
    if (!request.stream()) {
      if (finish.isPresent()) {
        ended = true;
        answerWhole(finish.get());
      }
    } else if (exchange.isWritable()) {
      sendEvents();
    } else if (batch.heldBytes() > maxHeldBytes) {
      ended = true;
      cancelGeneration();
      exchange.drop();
    }
  }

  private void sendEvents() {
    if (finish.isEmpty() && batch.isEmpty()) {
      return;
    }
    ByteBuf out = exchange.buffer();
    try {
      writeEvents(out);
    } catch (RuntimeException e) {
      out.release();
      throw e;
    }
    exchange.write(out);
    if (finish.isPresent()) {
      ended = true;
      exchange.end();
    } else {
      exchange.flush();
    }
  }

  private void writeEvents(ByteBuf out) {
    int start = beginChunk(out);
    boolean failed = finish.isPresent() && finish.get().reason() == FinishReason.ERROR;
    if (failed) {
      event(out, engineFailed().toJson());
    } else {
      out.writeBytes(DATA).writeBytes(prefix);
      batch.writeChoice(out, prompt, finish);
      Json.ascii(out, "]}");
      out.writeBytes(END_OF_EVENT);
    }
    if (finish.isPresent()) {
      if (!failed && request.includeUsage()) {
        out.writeBytes(DATA).writeBytes(prefix);
        Json.ascii(out, "]");
        writeUsage(out);
        out.writeByte('}').writeBytes(END_OF_EVENT);
      }
      event(out, DONE);
    }
    endChunk(out, start);
  }

  private static void event(ByteBuf out, byte[] data) {
    out.writeBytes(DATA).writeBytes(data).writeBytes(END_OF_EVENT);
  }

  /** Leaves room for the chunk's size, which HTTP lets begin with zeros. */
  private int beginChunk(ByteBuf out) {
    if (exchange.chunked()) {
      out.writeZero(SIZE_DIGITS);
      Json.ascii(out, "\r\n");
    }
    return out.writerIndex();
  }

  private void endChunk(ByteBuf out, int start) {
    if (!exchange.chunked()) {
      return;
    }
    int size = out.writerIndex() - start;
    for (int digit = 0; digit < SIZE_DIGITS; digit++) {
      int nibble = (size >>> (4 * (SIZE_DIGITS - 1 - digit))) & 0xF;
      out.setByte(start - 2 - SIZE_DIGITS + digit, Character.forDigit(nibble, 16));
    }
    Json.ascii(out, "\r\n");
    if (finish.isPresent()) {
      out.writeBytes(LAST_CHUNK);
    }
  }

  private void answerWhole(Finish how) {
    if (how.reason() == FinishReason.ERROR) {
      exchange.answer(new ApiError(500, engineFailed()));
      return;
    }
    ByteBuf out = exchange.buffer();
    try {
      out.writeBytes(prefix);
      batch.writeChoice(out, prompt, finish);
      out.writeByte(']');
      writeUsage(out);
      out.writeByte('}');
      exchange.answer(200, ByteBufUtil.getBytes(out));
    } finally {
      out.release();
    }
  }

  private void writeUsage(ByteBuf out) {
    Json.ascii(out, ",\"usage\":{\"prompt_tokens\":");
    Json.integer(out, prompt.length);
    Json.ascii(out, ",\"completion_tokens\":");
    Json.integer(out, batch.tokenCount());
    Json.ascii(out, ",\"total_tokens\":");
    Json.integer(out, prompt.length + batch.tokenCount());
    out.writeByte('}');
  }

  private static ErrorBody engineFailed() {
    return ApiError.internal("the engine failed while generating").body();
  }

  private void cancelGeneration() {
    generation.ifPresent(
        running -> {
          running.cancel();
          outlet.remove(running);
        });
  }

  @Override
  public void gone() {
    ended = true;
    cancelGeneration();
  }

  @Override
  public void writable() {
    send();
  }
}
