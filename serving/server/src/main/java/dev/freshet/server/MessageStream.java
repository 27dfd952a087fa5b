package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.FinishReason;
import dev.freshet.engine.TokenEvent;
import dev.freshet.http.ApiError;
import dev.freshet.http.Exchange;
import dev.freshet.http.HeldBytes;
import dev.freshet.http.JsonBuffer;
import dev.freshet.text.message.Message;
import dev.freshet.text.message.MessageParser;
import dev.freshet.text.message.MessagePart;
import dev.freshet.wire.CompletionRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Passes the one answer of a chat from the engine to its client, in the form of another API than
 * chat completions. Confined to the connection's event loop; limits and errors are those of {@link
 * CompletionStream}.
 */
final class MessageStream
    implements LoopOutlet.Stream, LoopOutlet.Choice, Exchange.Watcher, HeldBytes.Reader {
  /** About the bytes of a part without its text. */
  private static final int PART_BYTES = 64;

  private final CompletionRequest request;
  private final int promptTokens;
  private final AnswerShape shape;
  private final MessageForm form;
  private final Exchange exchange;
  private final LoopOutlet outlet;
  private final StopText text;
  private final CompletionMeter meter;
  private final boolean promptDetails;
  private final AcceptedBytes.Share share;
  private final MessageParser parser;
  private final StringBuilder whole = new StringBuilder();
  private final List<MessagePart> parts = new ArrayList<>();

  private Optional<Engine.Generation> generation = Optional.empty();
  private Optional<Finish> finish = Optional.empty();
  private ApiError failure = LoopOutlet.ENGINE_FAILED;
  private int tokens;
  private int heldBytes;
  private boolean called;
  private boolean begun;
  private boolean touched;
  private boolean behind;
  private boolean ended;

  /**
   * @param promptDetails whether the usage has the cached tokens of the prompt
   * @param share the bytes that it holds, released at its end
   */
  MessageStream(
      CompletionRequest request,
      int promptTokens,
      AnswerShape shape,
      MessageForm form,
      Exchange exchange,
      LoopOutlet outlet,
      StopText text,
      CompletionMeter meter,
      boolean promptDetails,
      AcceptedBytes.Share share) {
    this.request = request;
    this.promptTokens = promptTokens;
    this.shape = shape;
    this.form = form;
    this.exchange = exchange;
    this.outlet = outlet;
    this.text = text;
    this.meter = meter;
    this.promptDetails = promptDetails;
    this.share = share;
    this.parser = shape.messages().parser();
  }

  /** Starts the answer to a request that the engine accepted. */
  void begin(Engine.Generation accepted) {
    generation = Optional.of(accepted);
    meter.begin();
    outlet.add(accepted, this, this);
    exchange.watch(this);
    if (request.stream()) {
      exchange.beginEvents();
    }
  }

  @Override
  public boolean isAmong(Set<String> ids) {
    return ids.contains(request.requestId().orElse("")) || ids.contains(form.id());
  }

  @Override
  public void take(TokenEvent event) {
    if (finish.isPresent()) {
      return;
    }
    boolean stopToken = event.finish().filter(how -> how == FinishReason.STOP).isPresent();
    if (event.token() >= 0) {
      meter.token();
      tokens++;
      if (!stopToken) {
        append(text.push(event.token()));
      }
    }
    if (text.stoppedBy().isEmpty() && event.finish().isPresent()) {
      append(text.flush());
    }
    if (text.stoppedBy().isPresent()) {
      cancel();
      end(new Finish.ByText(text.stoppedBy().get()));
    } else {
      event.finish().ifPresent(reason -> end(new Finish.Plain(reason)));
    }
  }

  private void append(String fresh) {
    if (!request.stream()) {
      whole.append(fresh);
    } else if (!fresh.isEmpty()) {
      parser.push(fresh, this::add);
    }
  }

  private void end(Finish how) {
    if (request.stream()) {
      parser.end(this::add);
    }
    finish = Optional.of(how);
  }

  private void add(MessagePart part) {
    switch (part) {
      case MessagePart.Content(String content) -> hold(part, content.length());
      case MessagePart.Reasoning(String thought) -> hold(part, thought.length());
      case MessagePart.CallBegin(int index, _) -> {
        if (isAnswered(index)) {
          called = true;
          hold(part, 0);
        }
      }
      case MessagePart.CallArguments(int index, String json) -> {
        if (isAnswered(index)) {
          hold(part, json.length());
        }
      }
      case MessagePart.CallEnd(int index, _) -> {
        if (isAnswered(index)) {
          hold(part, 0);
        }
      }
    }
  }

  private boolean isAnswered(int index) {
    return index == 0 || shape.parallelCalls();
  }

  private void hold(MessagePart part, int length) {
    parts.add(part);
    heldBytes += PART_BYTES + length;
  }

  @Override
  public void abort() {
    if (finish.isPresent()) {
      return;
    }
    if (generation.orElse(null) instanceof SessionCall.Replica captured) {
      captured.abort(); // Its end follows as an event, with the tokens that are captured.
      return;
    }
    cancel();
    append(text.flush());
    end(new Finish.Plain(FinishReason.ABORT));
  }

  private void cancel() {
    generation.ifPresent(
        running -> {
          running.cancel();
          outlet.remove(running);
        });
  }

  @Override
  public boolean touch() {
    boolean first = !touched;
    touched = true;
    return first;
  }

  @Override
  public void fail(ApiError error) {
    failure = error;
    cancel();
    finish = Optional.of(new Finish.Plain(FinishReason.ERROR));
    send();
  }

  @Override
  public void send() {
    touched = false;
    if (ended) {
      return;
    }
    if (!request.stream()) {
      finish.ifPresent(this::answerWhole);
    } else if (exchange.isWritable()) {
      freeHeld();
      sendEvents();
    } else {
      behind = true;
      outlet.held().behind(this, heldBytes);
    }
  }

  private void answerWhole(Finish how) {
    close(how.reason().wireName());
    if (how.reason() == FinishReason.ERROR) {
      exchange.answer(failure);
      return;
    }
    Message message = shape.messages().read(whole.toString());
    if (!shape.parallelCalls() && message.calls().size() > 1) {
      message = new Message(message.reasoning(), message.content(), message.calls().subList(0, 1));
    }
    called = !message.calls().isEmpty();
    exchange.answer(200, form.whole(message, how(how)));
  }

  private void sendEvents() {
    if (parts.isEmpty() && finish.isEmpty()) {
      return;
    }
    JsonBuffer out = outlet.json();
    exchange.beginChunk(out);
    boolean failed = finish.filter(how -> how.reason() == FinishReason.ERROR).isPresent();
    if (!begun && !failed) {
      begun = true;
      form.begin(out, usage());
    }
    if (failed) {
      form.failed(out, failure.body());
    } else {
      parts.forEach(part -> form.part(out, part));
      finish.ifPresent(how -> form.end(out, how(how)));
    }
    parts.clear();
    heldBytes = 0;
    exchange.writeChunk(out, finish.isPresent());
    if (finish.isPresent()) {
      close(finish.get().reason().wireName());
      exchange.end();
    } else {
      exchange.flush();
    }
  }

  private MessageForm.End how(Finish how) {
    return new MessageForm.End(how, called && how.reason() == FinishReason.STOP, usage());
  }

  private MessageForm.Usage usage() {
    return new MessageForm.Usage(
        promptTokens,
        tokens,
        promptDetails
            ? OptionalInt.of(generation.map(Engine.Generation::cachedPrompt).orElse(0))
            : OptionalInt.empty());
  }

  /** Records that nothing more of it will be sent. */
  private void close(String reason) {
    ended = true;
    exchange.usage().tokens(promptTokens, tokens);
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
    disconnected();
    exchange.disconnect();
  }

  @Override
  public void disconnected() {
    close(CompletionMeter.GONE);
    freeHeld();
    cancel();
  }

  @Override
  public void writable() {
    send();
  }
}
