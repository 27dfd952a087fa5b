package dev.freshet.server;

import dev.freshet.engine.Engine;
import dev.freshet.engine.FinishReason;
import dev.freshet.engine.TokenEvent;
import dev.freshet.http.JsonBuffer;
import dev.freshet.wire.CompletionRequest;
import java.util.Optional;

/**
 * One of the completions that answer a request: what of it was not sent yet, and how it ended.
 * Confined to the connection's event loop.
 */
final class CompletionChoice implements LoopOutlet.Choice {
  private final int index;
  private final CompletionRequest request;
  private final AnsweredPrompt prompt;
  private final LoopOutlet outlet;
  private final StopText text;
  private final TokenBatch batch;
  private final Optional<StreamedMessage> message;
  private final ChoiceJson json;
  private final CompletionMeter meter;

  private Optional<Engine.Generation> generation = Optional.empty();
  private Optional<Finish> finish = Optional.empty();
  private boolean ended;

  /**
   * @param index its place in the answer
   * @param message takes the text if it is a stream that has more than content
   */
  CompletionChoice(
      int index,
      CompletionRequest request,
      AnsweredPrompt prompt,
      LoopOutlet outlet,
      StopText text,
      Optional<StreamedMessage> message,
      ChoiceJson json,
      CompletionMeter meter) {
    this.index = index;
    this.request = request;
    this.prompt = prompt;
    this.outlet = outlet;
    this.text = text;
    this.batch = new TokenBatch(request.logprobs().isPresent());
    this.message = message;
    this.json = json;
    this.meter = meter;
    prompt.echo().ifPresent(batch::text);
  }

  /** Records that the engine accepted it. */
  void begin(Engine.Generation accepted) {
    generation = Optional.of(accepted);
    meter.begin();
  }

  @Override
  public void take(TokenEvent event) {
    if (finish.isPresent()) {
      return;
    }
    if (event.token() >= 0) {
      meter.token();
      batch.token(event);
    }
    append(text.take(event));
    if (text.stoppedBy().isPresent()) {
      finish = Optional.of(new Finish.ByText(text.stoppedBy().get()));
      cancel();
    } else if (event.finish().filter(how -> how == FinishReason.STOP).isPresent()
        && request.stopTokenIds().contains(event.token())) {
      finish = Optional.of(new Finish.ByToken(event.token()));
    } else {
      finish = event.finish().map(Finish.Plain::new);
    }
    if (finish.isPresent()) {
      message.ifPresent(StreamedMessage::end);
    }
  }

  /** Appends text that became final. */
  private void append(String fresh) {
    if (message.isPresent()) {
      message.get().push(fresh);
    } else {
      batch.text(fresh);
    }
  }

  @Override
  public void abort() {
    if (finish.isEmpty()) {
      if (generation.orElse(null) instanceof SessionCall.Replica captured) {
        captured.abort(); // Its end follows as an event, with the tokens that are captured.
        return;
      }
      cancel();
      append(text.flush());
      message.ifPresent(StreamedMessage::end);
      finish = Optional.of(new Finish.Plain(FinishReason.ABORT));
    }
  }

  /** Ends it with an error. */
  void fail() {
    cancel();
    finish = Optional.of(new Finish.Plain(FinishReason.ERROR));
  }

  /** Ends the generation, if it runs. */
  void cancel() {
    generation.ifPresent(
        running -> {
          running.cancel();
          outlet.remove(running);
        });
  }

  boolean isFinished() {
    return finish.isPresent();
  }

  boolean isFailed() {
    return finish.isPresent() && finish.get().reason() == FinishReason.ERROR;
  }

  /** Whether there is something to send. */
  boolean hasNews() {
    return !ended && (finish.isPresent() || hasParts());
  }

  private boolean hasParts() {
    return message.isEmpty()
        ? !batch.isEmpty()
        : message.get().hasNews() || (json.tellsTokens() && !batch.isEmpty());
  }

  /** Whether nothing of it was sent. */
  boolean isFirst() {
    return batch.isFirst();
  }

  /** Its place in the answer. */
  int index() {
    return index;
  }

  /** Writes what was not sent yet as the wire's choice object. */
  void write(JsonBuffer out) {
    json.write(out, index, batch, message, prompt, promptScores(), finish);
    batch.sent();
    finish.ifPresent(how -> end(how.reason().wireName()));
  }

  /** Writes the logprobs of its prompt as a field. */
  void writePromptLogprobs(JsonBuffer out) {
    json.promptLogprobs(out, promptScores());
  }

  private Optional<PromptScores> promptScores() {
    return request.promptLogprobs().isEmpty()
        ? Optional.empty()
        : generation.map(made -> new PromptScores(prompt.ids()[0], made.promptLogprobs()));
  }

  /** Records that nothing more of it will be sent; only the first call counts. */
  void end(String reason) {
    ended = true;
    meter.end(reason);
  }

  /** The number of its tokens so far. */
  int tokenCount() {
    return batch.tokenCount();
  }

  /** The number of tokens of its prompt. */
  int promptLength() {
    return prompt.ids().length;
  }

  /** How many tokens of its prompt the engine had cached. */
  int cachedPrompt() {
    return generation.map(Engine.Generation::cachedPrompt).orElse(0);
  }

  /** An estimate of the bytes that it holds. */
  int heldBytes() {
    return batch.heldBytes() + message.map(StreamedMessage::heldBytes).orElse(0);
  }
}
