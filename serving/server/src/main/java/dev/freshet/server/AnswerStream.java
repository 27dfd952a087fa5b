package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.FinishReason;
import dev.freshet.http.ApiError;
import dev.freshet.http.Exchange;
import dev.freshet.http.HeldBytes;
import dev.freshet.http.JsonBuffer;
import dev.freshet.wire.CompletionRequest;
import java.util.List;
import java.util.Set;

/**
 * Passes the answer to one request from the engine to its client: as a stream, or whole when it is
 * finished. Confined to the connection's event loop. If a part of it fails, the answer is an error
 * and the rest is cancelled. What the client does not read is held within the bounds of {@link
 * HeldBytes}; above them the client is disconnected. When the connection closes, the generations
 * are cancelled.
 */
abstract class AnswerStream implements LoopOutlet.Stream, Exchange.Watcher, HeldBytes.Reader {
  final CompletionRequest request;
  final LoopOutlet outlet;
  private final Exchange exchange;
  private final AcceptedBytes.Share share;

  private ApiError failure = LoopOutlet.ENGINE_FAILED;
  private boolean touched;
  private boolean behind;
  private boolean ended;

  /**
   * @param share the bytes that it holds, released at its end
   */
  AnswerStream(
      CompletionRequest request, Exchange exchange, LoopOutlet outlet, AcceptedBytes.Share share) {
    this.request = request;
    this.exchange = exchange;
    this.outlet = outlet;
    this.share = share;
  }

  /** Starts the answer to a request whose completions the engine accepted. */
  final void begin(List<Engine.Generation> accepted) {
    accept(accepted);
    exchange.watch(this);
    if (request.stream()) {
      exchange.beginEvents();
    }
  }

  /** Routes the events of the completions to their choices. */
  abstract void accept(List<Engine.Generation> accepted);

  /** The id of the answer. */
  abstract String id();

  abstract int promptTokens();

  /** The number of tokens that were generated so far. */
  abstract int completionTokens();

  abstract boolean isFinished();

  /** Whether a part of it ended with an error. */
  abstract boolean isFailed();

  /** Whether there is something to send. */
  abstract boolean hasNews();

  /** An estimate of the bytes that it holds. */
  abstract int heldBytes();

  /** Writes the events of what was not sent yet, and forgets it. */
  abstract void writeNews(JsonBuffer out);

  /** Writes the events of an error, the last of the stream. */
  abstract void writeFailure(JsonBuffer out, ApiError error);

  /** The finished answer as one document. */
  abstract byte[] whole();

  /** Ends what runs, and makes an error of what is finished. */
  abstract void failAll();

  /** Ends what runs. */
  abstract void cancelAll();

  /** Counts the completions whose end was not written as ended for {@code reason}. */
  abstract void count(String reason);

  @Override
  public final boolean isAmong(Set<String> ids) {
    return ids.contains(request.requestId().orElse("")) || ids.contains(id());
  }

  @Override
  public final boolean touch() {
    boolean first = !touched;
    touched = true;
    return first;
  }

  @Override
  public final void fail(ApiError error) {
    failure = error;
    failAll();
    send();
  }

  @Override
  public final void send() {
    touched = false;
    if (ended) {
      return;
    }
    if (isFailed()) {
      failAll();
    }
    if (!request.stream()) {
      if (isFinished()) {
        answer();
      }
    } else if (exchange.isWritable()) {
      freeHeld();
      sendEvents();
    } else {
      behind = true;
      outlet.held().behind(this, heldBytes());
    }
  }

  private void answer() {
    if (isFailed()) {
      count(FinishReason.ERROR.wireName());
      end();
      exchange.answer(failure);
    } else {
      byte[] whole = whole();
      end();
      exchange.answer(200, whole);
    }
  }

  private void sendEvents() {
    boolean failed = isFailed();
    if (!failed && !hasNews()) {
      return;
    }
    boolean last = isFinished();
    JsonBuffer out = outlet.json();
    exchange.beginChunk(out);
    if (failed) {
      count(FinishReason.ERROR.wireName());
      writeFailure(out, failure);
    } else {
      writeNews(out);
    }
    exchange.writeChunk(out, last);
    if (last) {
      end();
      exchange.end();
    } else {
      exchange.flush();
    }
  }

  /** Records that nothing more of it will be sent. */
  private void end() {
    ended = true;
    exchange.usage().tokens(promptTokens(), completionTokens());
    share.release();
  }

  private void freeHeld() {
    if (behind) {
      behind = false;
      outlet.held().free(this);
    }
  }

  @Override
  public final void disconnectSlowReader() {
    disconnected();
    exchange.disconnect();
  }

  @Override
  public final void disconnected() {
    count(CompletionMeter.GONE);
    end();
    freeHeld();
    cancelAll();
  }

  @Override
  public final void writable() {
    send();
  }
}
