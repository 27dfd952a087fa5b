package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.engine.Engine;
import dev.freshet.http.ApiError;
import dev.freshet.http.Exchange;
import dev.freshet.http.JsonBuffer;
import dev.freshet.wire.CompletionRequest;
import java.util.List;

/** The choices of one request, in the form of completions of texts, chats or token ids. */
final class CompletionStream extends AnswerStream {
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
  private final List<AnsweredPrompt> prompts;
  private final List<CompletionChoice> choices;
  private final byte[] prefix;
  private final boolean promptDetails;

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
    super(request, exchange, outlet, share);
    this.form = form;
    this.prompts = prompts;
    this.choices = choices;
    this.prefix = prefix;
    this.promptDetails = promptDetails;
  }

  @Override
  void accept(List<Engine.Generation> accepted) {
    for (int i = 0; i < choices.size(); i++) {
      choices.get(i).begin(accepted.get(i));
      outlet.add(accepted.get(i), this, choices.get(i));
    }
  }

  @Override
  String id() {
    return form.id(request.requestId().orElse(""));
  }

  @Override
  boolean isFailed() {
    for (CompletionChoice choice : choices) {
      if (choice.isFailed()) {
        return true;
      }
    }
    return false;
  }

  @Override
  boolean isFinished() {
    for (CompletionChoice choice : choices) {
      if (!choice.isFinished()) {
        return false;
      }
    }
    return true;
  }

  @Override
  boolean hasNews() {
    for (CompletionChoice choice : choices) {
      if (choice.hasNews()) {
        return true;
      }
    }
    return false;
  }

  @Override
  int heldBytes() {
    return choices.stream().mapToInt(CompletionChoice::heldBytes).sum();
  }

  @Override
  void count(String reason) {
    choices.forEach(choice -> choice.end(reason));
  }

  @Override
  void failAll() {
    choices.forEach(CompletionChoice::fail);
  }

  @Override
  void cancelAll() {
    choices.forEach(CompletionChoice::cancel);
  }

  @Override
  void writeNews(JsonBuffer out) {
    writeChoices(out);
    if (isFinished()) {
      if (request.includeUsage()) {
        out.raw(DATA).raw(prefix).raw(']');
        writeUsage(out);
        out.raw('}').raw(END_OF_EVENT);
      }
      event(out, DONE);
    }
  }

  @Override
  void writeFailure(JsonBuffer out, ApiError error) {
    event(out, error.body().toJson());
    event(out, DONE);
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

  @Override
  byte[] whole() {
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
    return out.toBytes();
  }

  /** A prompt counts once; its cached tokens are reported with its first choice. */
  private void writeUsage(JsonBuffer out) {
    writeUsage(out, promptTokens(), completionTokens(), cachedPrompts());
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

  @Override
  int promptTokens() {
    return prompts.stream().mapToInt(one -> one.ids().length).sum();
  }

  @Override
  int completionTokens() {
    return choices.stream().mapToInt(CompletionChoice::tokenCount).sum();
  }

  private long cachedPrompts() {
    long cached = 0;
    int ofPrompt = choices.size() / prompts.size();
    for (int first = 0; first < choices.size(); first += ofPrompt) {
      cached += choices.get(first).cachedPrompt();
    }
    return cached;
  }
}
