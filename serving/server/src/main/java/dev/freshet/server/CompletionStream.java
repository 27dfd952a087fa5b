package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

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
 * Passes the choices of one request from the engine to its client. Confined to the connection's
 * event loop. If one of them fails, the answer is an error and the others are cancelled. What the
 * client does not read is held within the bounds of {@link HeldBytes}; above them the client is
 * disconnected. When the connection closes, all choices are cancelled.
 */
final class CompletionStream implements LoopOutlet.Stream, Exchange.Watcher, HeldBytes.Reader {
  private static final byte[] DATA = ascii("data: ");
  private static final byte[] END_OF_EVENT = ascii("\n\n");
  private static final byte[] DONE = ascii("[DONE]");
  private static final byte[] USAGE = ascii(",\"usage\":{\"prompt_tokens\":");
  private static final byte[] COMPLETION_TOKENS = ascii(",\"completion_tokens\":");
  private static final byte[] TOTAL_TOKENS = ascii(",\"total_tokens\":");
  private static final byte[] CACHED_TOKENS =
      ascii(",\"prompt_tokens_details\":{\"cached_tokens\":");

  private static final byte[] NO_DETAILS = ascii(",\"completion_tokens_details\":null");
  private static final byte[] NO_DETAILS_AT_ALL =
      ascii(",\"prompt_tokens_details\":null,\"completion_tokens_details\":null");

  private final GenerationForm form;
  private final CompletionRequest request;
  private final List<AnsweredPrompt> prompts;
  private final Exchange exchange;
  private final LoopOutlet outlet;
  private final List<CompletionChoice> choices;
  private final byte[] prefix;
  private final boolean promptDetails;
  private final AcceptedBytes.Share share;

  private ApiError failure = LoopOutlet.ENGINE_FAILED;
  private boolean touched;
  private boolean behind;
  private boolean ended;

  /**
   * @param prompts those of the request, each of which has the same number of choices
   * @param choices those of the first prompt, then those of the second, and so on
   * @param prefix the answer's JSON up to its choices
   * @param promptDetails whether the usage has the cached tokens of the prompt
   * @param share the bytes that it holds, released at its end
   */
  CompletionStream(
      GenerationForm form,
      CompletionRequest request,
      List<AnsweredPrompt> prompts,
      Exchange exchange,
      LoopOutlet outlet,
      List<CompletionChoice> choices,
      byte[] prefix,
      boolean promptDetails,
      AcceptedBytes.Share share) {
    this.form = form;
    this.request = request;
    this.prompts = prompts;
    this.exchange = exchange;
    this.outlet = outlet;
    this.choices = choices;
    this.prefix = prefix;
    this.promptDetails = promptDetails;
    this.share = share;
  }

  @Override
  public boolean isAmong(Set<String> ids) {
    String own = request.requestId().orElse("");
    return ids.contains(own) || ids.contains(form.id(own));
  }

  /** Starts the answer to a request whose choices the engine accepted. */
  void begin(List<Engine.Generation> accepted) {
    for (int i = 0; i < choices.size(); i++) {
      choices.get(i).begin(accepted.get(i));
      outlet.add(accepted.get(i), this, choices.get(i));
    }
    exchange.watch(this);
    if (request.stream()) {
      exchange.beginEvents();
    }
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
    choices.forEach(CompletionChoice::fail);
    send();
  }

  @Override
  public void send() {
    touched = false;
    if (ended) {
      return;
    }
    if (isFailed()) {
      choices.forEach(CompletionChoice::fail);
    }
    if (!request.stream()) {
      if (isFinished()) {
        answerWhole();
      }
    } else if (exchange.isWritable()) {
      freeHeld();
      sendEvents();
    } else {
      behind = true;
      outlet.held().behind(this, heldBytes());
    }
  }

  private boolean isFailed() {
    for (CompletionChoice choice : choices) {
      if (choice.isFailed()) {
        return true;
      }
    }
    return false;
  }

  private boolean isFinished() {
    for (CompletionChoice choice : choices) {
      if (!choice.isFinished()) {
        return false;
      }
    }
    return true;
  }

  private boolean hasNews() {
    for (CompletionChoice choice : choices) {
      if (choice.hasNews()) {
        return true;
      }
    }
    return false;
  }

  private int heldBytes() {
    return choices.stream().mapToInt(CompletionChoice::heldBytes).sum();
  }

  /** Ends the choices whose end is not written. */
  private void endChoices(String reason) {
    choices.forEach(choice -> choice.end(reason));
  }

  private void end() {
    ended = true;
    exchange
        .usage()
        .tokens(promptTokens(), choices.stream().mapToInt(CompletionChoice::tokenCount).sum());
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

  private void sendEvents() {
    if (!hasNews()) {
      return;
    }
    boolean last = isFinished();
    JsonBuffer out = outlet.json();
    exchange.beginChunk(out);
    if (isFailed()) {
      endChoices(FinishReason.ERROR.wireName());
      event(out, failure.body().toJson());
    } else {
      writeChoices(out);
      if (last && request.includeUsage()) {
        out.raw(DATA).raw(prefix).raw(']');
        writeUsage(out);
        out.raw('}').raw(END_OF_EVENT);
      }
    }
    if (last) {
      event(out, DONE);
    }
    exchange.writeChunk(out, last);
    if (last) {
      end();
      exchange.end();
    } else {
      exchange.flush();
    }
  }

  private void writeChoices(JsonBuffer out) {
    for (CompletionChoice choice : choices) {
      if (choice.hasNews()) {
        if (form == GenerationForm.CHAT_CHUNK && choice.isFirst()) {
          ChoiceJson.opening(out.raw(DATA).raw(prefix), choice.index());
          writePromptIds(out.raw(']'));
          out.raw('}').raw(END_OF_EVENT);
        }
        boolean withPrompt = form == GenerationForm.TOKENS && choice.isFirst();
        out.raw(DATA).raw(prefix);
        choice.write(out);
        out.raw(']');
        if (withPrompt) {
          writePromptIds(out);
        }
        if (request.includeUsage() && request.continuousUsage()) {
          writeUsage(out, choice.promptLength(), choice.tokenCount(), choice.cachedPrompt());
        }
        out.raw('}').raw(END_OF_EVENT);
      }
    }
  }

  private void writePromptIds(JsonBuffer out) {
    if (form.hasPromptIds(request.returnTokenIds())) {
      ChoiceJson.promptIds(out, prompts.getFirst().ids());
    }
  }

  private static void event(JsonBuffer out, byte[] data) {
    out.raw(DATA).raw(data).raw(END_OF_EVENT);
  }

  private void answerWhole() {
    end();
    if (isFailed()) {
      endChoices(FinishReason.ERROR.wireName());
      exchange.answer(failure);
      return;
    }
    JsonBuffer out = outlet.json();
    out.clear();
    out.raw(prefix);
    for (int i = 0; i < choices.size(); i++) {
      if (i > 0) {
        out.raw(',');
      }
      choices.get(i).write(out);
    }
    out.raw(']');
    writeUsage(out);
    writePromptIds(out);
    if (form != GenerationForm.TEXT) {
      choices.getFirst().writePromptLogprobs(out);
    }
    out.raw(form.absent(request.returnTokenIds()));
    out.raw('}');
    exchange.answer(200, out.toBytes());
  }

  /** A prompt counts once; what of it was cached is told of its first choice. */
  private void writeUsage(JsonBuffer out) {
    writeUsage(
        out,
        promptTokens(),
        choices.stream().mapToLong(CompletionChoice::tokenCount).sum(),
        cachedPrompts());
  }

  private void writeUsage(JsonBuffer out, long prompt, long completion, long cached) {
    out.raw(USAGE).integer(prompt);
    out.raw(COMPLETION_TOKENS).integer(completion);
    out.raw(TOTAL_TOKENS).integer(prompt + completion);
    if (promptDetails) {
      out.raw(CACHED_TOKENS).integer(cached).raw('}');
    }
    if (!request.stream()) {
      out.raw(promptDetails ? NO_DETAILS : NO_DETAILS_AT_ALL);
    }
    out.raw('}');
  }

  private int promptTokens() {
    return prompts.stream().mapToInt(one -> one.ids().length).sum();
  }

  private long cachedPrompts() {
    long cached = 0;
    int ofPrompt = choices.size() / prompts.size();
    for (int first = 0; first < choices.size(); first += ofPrompt) {
      cached += choices.get(first).cachedPrompt();
    }
    return cached;
  }

  @Override
  public void disconnected() {
    endChoices(CompletionMeter.GONE);
    end();
    freeHeld();
    choices.forEach(CompletionChoice::cancel);
  }

  @Override
  public void writable() {
    send();
  }
}
