package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.engine.Engine;
import dev.freshet.engine.FinishReason;
import dev.freshet.engine.TokenEvent;
import dev.freshet.http.ApiError;
import dev.freshet.http.Exchange;
import dev.freshet.http.HeldBytes;
import dev.freshet.http.JsonBuffer;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.ErrorBody;
import java.util.Optional;
import java.util.Set;

/**
 * Passes one completion from the engine to its client. Confined to the connection's event loop.
 * What the client does not read is held within the bounds of {@link HeldBytes}; above them the
 * client is disconnected. When the connection closes, the generation is cancelled.
 */
final class CompletionStream implements Exchange.Watcher, HeldBytes.Reader {
  /** The prefix of an answer's id, before the id of its request. */
  static final String ID_PREFIX = "cmpl-";

  private static final byte[] DATA = ascii("data: ");
  private static final byte[] END_OF_EVENT = ascii("\n\n");
  private static final byte[] DONE = ascii("[DONE]");
  private static final byte[] END_CHOICES = ascii("]}");
  private static final byte[] USAGE = ascii(",\"usage\":{\"prompt_tokens\":");
  private static final byte[] COMPLETION_TOKENS = ascii(",\"completion_tokens\":");
  private static final byte[] TOTAL_TOKENS = ascii(",\"total_tokens\":");

  private final CompletionRequest request;
  private final int[] prompt;
  private final Exchange exchange;
  private final LoopOutlet outlet;
  private final StopText text;
  private final TokenBatch batch;
  private final byte[] prefix;
  private final CompletionMeter meter;
  private final AcceptedBytes.Share share;

  private Optional<Engine.Generation> generation = Optional.empty();
  private Optional<Finish> finish = Optional.empty();
  private boolean behind;
  private boolean ended;

  /**
   * @param prefix the answer's JSON up to its choices
   * @param share the bytes that it holds, released at its end
   */
  CompletionStream(
      CompletionRequest request,
      int[] prompt,
      Exchange exchange,
      LoopOutlet outlet,
      StopText text,
      TokenBatch batch,
      byte[] prefix,
      CompletionMeter meter,
      AcceptedBytes.Share share) {
    this.request = request;
    this.prompt = prompt;
    this.exchange = exchange;
    this.outlet = outlet;
    this.text = text;
    this.batch = batch;
    this.prefix = prefix;
    this.meter = meter;
    this.share = share;
  }

  /** Whether the id of its request or of its answer is among {@code ids}. */
  boolean isAmong(Set<String> ids) {
    String own = request.requestId().orElse("");
    return ids.contains(own) || ids.contains(ID_PREFIX + own);
  }

  /** Starts the answer to a request that the engine accepted. */
  void begin(Engine.Generation accepted) {
    generation = Optional.of(accepted);
    outlet.add(accepted, this);
    meter.begin();
    exchange.watch(this);
    if (request.stream()) {
      exchange.beginEvents();
    }
  }

  /** Takes an event of the engine; {@link #send} sends it to the client. */
  void take(TokenEvent event) {
    if (finish.isPresent()) {
      return;
    }
    boolean stopToken = event.finish().isPresent() && event.finish().get() == FinishReason.STOP;
    if (event.token() >= 0) {
      meter.token();
      batch.token(event);
      if (!stopToken) {
        batch.text(text.push(event.token()));
      }
    }
    if (text.stoppedBy().isEmpty() && event.finish().isPresent()) {
      batch.text(text.flush());
    }
    if (text.stoppedBy().isPresent()) {
      finish = Optional.of(new Finish.ByText(text.stoppedBy().get()));
      cancelGeneration();
    } else if (stopToken && request.stopTokenIds().contains(event.token())) {
      finish = Optional.of(new Finish.ByToken(event.token()));
    } else {
      finish = event.finish().map(Finish.Plain::new);
    }
  }

  /** Ends the completion with the tokens so far; {@link #send} sends the end to the client. */
  void abort() {
    if (finish.isEmpty()) {
      cancelGeneration();
      batch.text(text.flush());
      finish = Optional.of(new Finish.Plain(FinishReason.ABORT));
    }
  }

  /** Ends the completion with an error and sends it. */
  void fail() {
    cancelGeneration();
    finish = Optional.of(new Finish.Plain(FinishReason.ERROR));
    send();
  }

  /** Sends the pending tokens and the end, if the connection is writable. */
  void send() {
    if (ended) {
      return;
    }
    if (!request.stream()) {
      if (finish.isPresent()) {
        answerWhole(finish.get());
      }
    } else if (exchange.isWritable()) {
      freeHeld();
      sendEvents();
    } else {
      behind = true;
      outlet.held().behind(this, batch.heldBytes());
    }
  }

  private void end(String reason) {
    ended = true;
    meter.end(reason);
    share.release();
  }

  private void freeHeld() {
    if (behind) {
      behind = false;
      outlet.held().free(this);
    }
  }

  @Override
  public void disconnectSlowReader() {
    end(CompletionMeter.GONE);
    cancelGeneration();
    freeHeld();
    exchange.disconnect();
  }

  private void sendEvents() {
    if (finish.isEmpty() && batch.isEmpty()) {
      return;
    }
    JsonBuffer out = outlet.json();
    exchange.beginChunk(out);
    writeEvents(out);
    exchange.writeChunk(out, finish.isPresent());
    if (finish.isPresent()) {
      end(finish.get().reason().wireName());
      exchange.end();
    } else {
      exchange.flush();
    }
  }

  private void writeEvents(JsonBuffer out) {
    boolean failed = finish.isPresent() && finish.get().reason() == FinishReason.ERROR;
    if (failed) {
      event(out, engineFailed().toJson());
    } else {
      out.raw(DATA).raw(prefix);
      batch.writeChoice(out, prompt, finish);
      out.raw(END_CHOICES).raw(END_OF_EVENT);
    }
    if (finish.isPresent()) {
      if (!failed && request.includeUsage()) {
        out.raw(DATA).raw(prefix).raw(']');
        writeUsage(out);
        out.raw('}').raw(END_OF_EVENT);
      }
      event(out, DONE);
    }
  }

  private static void event(JsonBuffer out, byte[] data) {
    out.raw(DATA).raw(data).raw(END_OF_EVENT);
  }

  private void answerWhole(Finish how) {
    end(how.reason().wireName());
    if (how.reason() == FinishReason.ERROR) {
      exchange.answer(new ApiError(500, engineFailed()));
      return;
    }
    JsonBuffer out = outlet.json();
    out.clear();
    out.raw(prefix);
    batch.writeChoice(out, prompt, finish);
    out.raw(']');
    writeUsage(out);
    out.raw('}');
    exchange.answer(200, out.toBytes());
  }

  private void writeUsage(JsonBuffer out) {
    out.raw(USAGE).integer(prompt.length);
    out.raw(COMPLETION_TOKENS).integer(batch.tokenCount());
    out.raw(TOTAL_TOKENS).integer(prompt.length + batch.tokenCount()).raw('}');
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
  public void disconnected() {
    end(CompletionMeter.GONE);
    freeHeld();
    cancelGeneration();
  }

  @Override
  public void writable() {
    send();
  }
}
