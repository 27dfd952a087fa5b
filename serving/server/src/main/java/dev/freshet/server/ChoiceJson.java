package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.engine.FinishReason;
import dev.freshet.http.JsonBuffer;
import java.util.Optional;

/** Writes the choices of one answer: what of each was not sent yet. Stateless. */
final class ChoiceJson {
  private static final byte[] INDEX = ascii("{\"index\":");
  private static final byte[] TEXT = ascii(",\"text\":");
  private static final byte[] MESSAGE = ascii(",\"message\":");
  private static final byte[] DELTA = ascii(",\"delta\":");
  private static final byte[] CONTENT = ascii("{\"content\":");
  private static final byte[] OPENING =
      ascii(
          ",\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}");
  private static final byte[] PROMPT_IDS = ascii(",\"prompt_token_ids\":[");
  private static final byte[] PROMPT_LOGPROBS = ascii(",\"prompt_logprobs\":");
  private static final byte[] NULL = ascii("null");
  private static final byte[] NO_PROMPT_IDS = ascii(",\"prompt_token_ids\":null");
  private static final byte[] IDS = ascii(",\"token_ids\":[");
  private static final byte[] NO_LOGPROBS = ascii(",\"logprobs\":null");
  private static final byte[] VERSIONS = ascii(",\"weight_versions\":[");
  private static final byte[] VERSION = ascii("{\"version\":\"");
  private static final byte[] START = ascii("\",\"start\":");
  private static final byte[] END = ascii(",\"end\":");
  private static final byte[] UNFINISHED = ascii(",\"finish_reason\":null,\"stop_reason\":null}");
  private static final byte[] FINISHED = ascii(",\"finish_reason\":");
  private static final byte[] STOPPED = ascii(",\"stop_reason\":");

  private static final String TOOL_CALLS = "tool_calls";

  private final AnswerShape shape;
  private final boolean withIds;
  private final boolean withLogprobs;
  private final TokenNames names;

  /**
   * @param withIds whether token ids are asked for
   * @param withLogprobs whether logprobs are asked for
   */
  ChoiceJson(AnswerShape shape, boolean withIds, boolean withLogprobs, TokenNames names) {
    this.shape = shape;
    this.withIds = withIds && !shape.hidesTokens();
    this.withLogprobs = withLogprobs && !shape.hidesTokens();
    this.names = names;
  }

  /** Whether every token is reported, also one without text. */
  boolean tellsTokens() {
    return withIds || withLogprobs;
  }

  /** Writes the choice of the event that begins a streamed message. */
  static void opening(JsonBuffer out, int index) {
    out.raw(INDEX).integer(index).raw(OPENING);
  }

  /**
   * Writes a choice object.
   *
   * @param message the message of a stream that has more than content
   * @param scores the logprobs of the prompt, if they are asked for
   */
  void write(
      JsonBuffer out,
      int index,
      TokenBatch batch,
      Optional<StreamedMessage> message,
      AnsweredPrompt prompt,
      Optional<PromptScores> scores,
      Optional<Finish> finish) {
    out.raw(INDEX).integer(index);
    boolean called = false;
    switch (shape.form()) {
      case TEXT -> {
        out.raw(TEXT).string(batch.text());
        if (withIds) {
          if (batch.isFirst()) {
            promptIds(out, prompt.ids());
          } else {
            out.raw(NO_PROMPT_IDS);
          }
          ids(out, batch);
        }
        if (withLogprobs) {
          Optional<PromptScores> echoed =
              scores.filter(_ -> prompt.echo().isPresent() && batch.isFirst());
          LogprobsJson.ofText(out, echoed, batch, names);
        } else {
          out.raw(NO_LOGPROBS);
        }
      }
      case CHAT -> {
        out.raw(MESSAGE);
        called = MessageJson.write(out, shape.messages().read(batch.text().toString()), shape);
        ofChat(out, batch);
      }
      case CHAT_CHUNK -> {
        out.raw(DELTA);
        if (message.isPresent()) {
          message.get().write(out);
          called = message.get().isCalled();
        } else {
          out.raw(CONTENT).string(batch.text()).raw('}');
        }
        ofChat(out, batch);
      }
      case TOKENS -> {
        ids(out, batch);
        if (withLogprobs) {
          LogprobsJson.ofIds(out, batch);
        } else {
          out.raw(NO_LOGPROBS);
        }
      }
    }
    if (shape.whole()) {
      out.raw(shape.form().absentOfChoice(withIds));
      if (shape.form() == GenerationForm.TEXT) {
        promptLogprobs(out, scores);
      }
    }
    versions(out, batch);
    if (finish.isPresent()) {
      FinishReason reason = finish.get().reason();
      out.raw(FINISHED)
          .string(shape.endsWithCalls(called, reason) ? TOOL_CALLS : reason.wireName());
      finish.get().writeStop(out.raw(STOPPED));
      out.raw('}');
    } else {
      out.raw(UNFINISHED);
    }
  }

  private void ofChat(JsonBuffer out, TokenBatch batch) {
    if (withIds) {
      ids(out, batch);
    }
    if (withLogprobs && batch.size() > 0) {
      LogprobsJson.ofChat(out, batch, names);
    } else {
      out.raw(NO_LOGPROBS);
    }
  }

  /** Writes the logprobs of a prompt as a field of a whole answer. */
  void promptLogprobs(JsonBuffer out, Optional<PromptScores> scores) {
    out.raw(PROMPT_LOGPROBS);
    scores.ifPresentOrElse(prompt -> prompt.write(out, names), () -> out.raw(NULL));
  }

  /** Writes the ids of a prompt as a field. */
  static void promptIds(JsonBuffer out, int[] prompt) {
    out.raw(PROMPT_IDS);
    for (int i = 0; i < prompt.length; i++) {
      out.comma(i).integer(prompt[i]);
    }
    out.raw(']');
  }

  private static void ids(JsonBuffer out, TokenBatch batch) {
    out.raw(IDS);
    for (int i = 0; i < batch.size(); i++) {
      out.comma(i).integer(batch.token(i));
    }
    out.raw(']');
  }

  /** Writes one span of token positions for each run of tokens of one version. */
  private static void versions(JsonBuffer out, TokenBatch batch) {
    out.raw(VERSIONS);
    int start = 0;
    for (int end = 1; end <= batch.size(); end++) {
      if (end == batch.size() || batch.version(end) != batch.version(start)) {
        out.comma(start).raw(VERSION).integer(batch.version(start));
        out.raw(START).integer(batch.tokensSent() + start);
        out.raw(END).integer(batch.tokensSent() + end).raw('}');
        start = end;
      }
    }
    out.raw(']');
  }
}
