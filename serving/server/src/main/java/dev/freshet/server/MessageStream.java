package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.FinishReason;
import dev.freshet.engine.TokenEvent;
import dev.freshet.http.ApiError;
import dev.freshet.http.Exchange;
import dev.freshet.http.JsonBuffer;
import dev.freshet.text.message.Message;
import dev.freshet.text.message.MessageParser;
import dev.freshet.text.message.MessagePart;
import dev.freshet.wire.CompletionRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The one answer of a chat, in the form of another API than chat completions. */
final class MessageStream extends AnswerStream implements LoopOutlet.Choice {
  /** About the bytes of a part without its text. */
  private static final int PART_BYTES = 64;

  private final int promptTokens;
  private final AnswerShape shape;
  private final MessageForm form;
  private final StopText text;
  private final CompletionMeter meter;
  private final boolean promptDetails;
  private final MessageParser parser;
  private final StringBuilder whole = new StringBuilder();
  private final List<MessagePart> parts = new ArrayList<>();

  private Optional<Engine.Generation> generation = Optional.empty();
  private Optional<Finish> finish = Optional.empty();
  private int tokens;
  private int heldBytes;
  private boolean called;
  private boolean begun;

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
    super(request, exchange, outlet, share);
    this.promptTokens = promptTokens;
    this.shape = shape;
    this.form = form;
    this.text = text;
    this.meter = meter;
    this.promptDetails = promptDetails;
    this.parser = shape.messages().parser();
  }

  @Override
  void accept(List<Engine.Generation> accepted) {
    Engine.Generation only = accepted.getFirst();
    generation = Optional.of(only);
    meter.begin();
    outlet.add(only, this, this);
  }

  @Override
  String id() {
    return form.id();
  }

  @Override
  public void take(TokenEvent event) {
    if (finish.isPresent()) {
      return;
    }
    if (event.token() >= 0) {
      meter.token();
      tokens++;
    }
    append(text.take(event));
    if (text.stoppedBy().isPresent()) {
      cancelAll();
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
        if (shape.hasCall(index)) {
          called = true;
          hold(part, 0);
        }
      }
      case MessagePart.CallArguments(int index, String json) -> {
        if (shape.hasCall(index)) {
          hold(part, json.length());
        }
      }
      case MessagePart.CallEnd(int index, _) -> {
        if (shape.hasCall(index)) {
          hold(part, 0);
        }
      }
    }
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
    cancelAll();
    append(text.flush());
    end(new Finish.Plain(FinishReason.ABORT));
  }

  @Override
  void cancelAll() {
    generation.ifPresent(
        running -> {
          running.cancel();
          outlet.remove(running);
        });
  }

  @Override
  void failAll() {
    cancelAll();
    finish = Optional.of(new Finish.Plain(FinishReason.ERROR));
  }

  @Override
  void count(String reason) {
    meter.end(reason);
  }

  @Override
  boolean isFinished() {
    return finish.isPresent();
  }

  @Override
  boolean isFailed() {
    return finish.isPresent() && finish.get().reason() == FinishReason.ERROR;
  }

  @Override
  boolean hasNews() {
    return !parts.isEmpty() || finish.isPresent();
  }

  @Override
  int heldBytes() {
    return heldBytes;
  }

  @Override
  int promptTokens() {
    return promptTokens;
  }

  @Override
  int completionTokens() {
    return tokens;
  }

  @Override
  byte[] whole() {
    Message read = shape.messages().read(whole.toString());
    Message message = new Message(read.reasoning(), read.content(), shape.calls(read));
    called = !message.calls().isEmpty();
    Finish how = finish.orElseThrow();
    count(how.reason().wireName());
    return form.whole(message, how(how));
  }

  @Override
  void writeNews(JsonBuffer out) {
    if (!begun) {
      begun = true;
      form.begin(out, usage());
    }
    parts.forEach(part -> form.part(out, part));
    parts.clear();
    heldBytes = 0;
    if (finish.isPresent()) {
      count(finish.get().reason().wireName());
      form.end(out, how(finish.get()));
    }
  }

  @Override
  void writeFailure(JsonBuffer out, ApiError error) {
    form.failed(out, error.body());
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
}
