package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.engine.PromptLogprob;
import dev.freshet.engine.TokenEvent.TopLogprob;
import dev.freshet.http.JsonBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Writes the logprobs of a batch of tokens in the shapes of OpenAI and vLLM. Stateless. */
final class LogprobsJson {
  /** The logprob that −∞ is written as, as in vLLM: JSON has no infinities. */
  static final float MIN_LOGPROB = -9999f;

  private static final byte[] LOGPROBS = ascii(",\"logprobs\":{\"tokens\":[");
  private static final byte[] TOKEN_LOGPROBS = ascii("],\"token_logprobs\":[");
  private static final byte[] TOP_LOGPROBS = ascii("],\"top_logprobs\":[");
  private static final byte[] TEXT_OFFSET = ascii("],\"text_offset\":[");
  private static final byte[] CONTENT = ascii(",\"logprobs\":{\"content\":[");
  private static final byte[] END = ascii("]}");
  private static final byte[] NULL = ascii("null");
  private static final byte[] TOKEN = ascii("{\"token\":");
  private static final byte[] TOKEN_ID = ascii("{\"token\":\"token_id:");
  private static final byte[] ID = ascii("\",\"token_id\":");
  private static final byte[] LOGPROB = ascii(",\"logprob\":");
  private static final byte[] BYTES = ascii(",\"bytes\":[");
  private static final byte[] TOP_CONTENT = ascii(",\"top_logprobs\":[");

  private LogprobsJson() {}

  /**
   * Those of a text completion: parallel lists.
   *
   * @param prompt the tokens of the prompt before them, if they are part of the answer
   */
  static void ofText(
      JsonBuffer out, Optional<PromptScores> prompt, TokenBatch batch, TokenNames names) {
    int before = prompt.map(scores -> scores.rest().size() + 1).orElse(0);
    List<PromptLogprob> rest = prompt.map(PromptScores::rest).orElse(List.of());
    out.raw(LOGPROBS);
    prompt.ifPresent(scores -> out.raw(names.of(scores.first())));
    rest.forEach(token -> out.raw(',').raw(names.of(token.token())));
    for (int i = 0; i < batch.size(); i++) {
      out.comma(before + i).raw(names.of(batch.token(i)));
    }
    out.raw(TOKEN_LOGPROBS);
    prompt.ifPresent(_ -> out.raw(NULL));
    rest.forEach(token -> logprob(out.raw(','), token.logprob()));
    for (int i = 0; i < batch.size(); i++) {
      logprob(out.comma(before + i), batch.logprob(i));
    }
    out.raw(TOP_LOGPROBS);
    prompt.ifPresent(_ -> out.raw(NULL));
    rest.forEach(token -> byName(out.raw(','), token.token(), token.logprob(), token.top(), names));
    for (int i = 0; i < batch.size(); i++) {
      byName(out.comma(before + i), batch.token(i), batch.logprob(i), batch.top(i), names);
    }
    out.raw(TEXT_OFFSET);
    prompt.ifPresent(scores -> offsets(out, scores, names));
    for (int i = 0; i < batch.size(); i++) {
      out.comma(before + i).integer(batch.offset(i));
    }
    out.raw(END);
  }

  private static void offsets(JsonBuffer out, PromptScores prompt, TokenNames names) {
    int[] tokens =
        IntStream.concat(
                IntStream.of(prompt.first()), prompt.rest().stream().mapToInt(PromptLogprob::token))
            .toArray();
    int[] offsets = names.offsets(tokens);
    for (int i = 0; i < offsets.length; i++) {
      out.comma(i).integer(offsets[i]);
    }
  }

  /** Writes the token, then its alternatives; of several with one text only the first. */
  private static void byName(
      JsonBuffer out, int token, float logprob, List<TopLogprob> top, TokenNames names) {
    byte[] name = names.of(token);
    logprob(out.raw('{').raw(name).raw(':'), logprob);
    for (int i = 0; i < top.size(); i++) {
      byte[] other = names.of(top.get(i).token());
      if (!Arrays.equals(other, name) && !isNamed(other, top, i, names)) {
        logprob(out.raw(',').raw(other).raw(':'), top.get(i).logprob());
      }
    }
    out.raw('}');
  }

  /** Whether one of the first {@code count} alternatives has this text. */
  private static boolean isNamed(byte[] name, List<TopLogprob> top, int count, TokenNames names) {
    for (int i = 0; i < count; i++) {
      if (Arrays.equals(names.of(top.get(i).token()), name)) {
        return true;
      }
    }
    return false;
  }

  /** Those of a chat: of each token with its text and bytes, and of its alternatives. */
  static void ofChat(JsonBuffer out, TokenBatch batch, TokenNames names) {
    content(
        out,
        batch,
        (token, value) -> {
          logprob(out.raw(TOKEN).raw(names.of(token)).raw(LOGPROB), value);
          out.raw(BYTES).raw(names.bytesOf(token)).raw(']');
        });
  }

  /** Those of token ids: of each id, as vLLM and as its other clients name it. */
  static void ofIds(JsonBuffer out, TokenBatch batch) {
    content(
        out,
        batch,
        (token, value) ->
            logprob(out.raw(TOKEN_ID).integer(token).raw(ID).integer(token).raw(LOGPROB), value));
  }

  @FunctionalInterface
  private interface TokenWriter {
    /** Writes the token's object up to its last own field. */
    void write(int token, float logprob);
  }

  private static void content(JsonBuffer out, TokenBatch batch, TokenWriter writer) {
    out.raw(CONTENT);
    for (int i = 0; i < batch.size(); i++) {
      var _ = out.comma(i);
      writer.write(batch.token(i), batch.logprob(i));
      out.raw(TOP_CONTENT);
      List<TopLogprob> top = batch.top(i);
      for (int j = 0; j < top.size(); j++) {
        var _ = out.comma(j);
        writer.write(top.get(j).token(), top.get(j).logprob());
        out.raw('}');
      }
      out.raw(END);
    }
    out.raw(END);
  }

  static void logprob(JsonBuffer out, float value) {
    out.number(Math.max(value, MIN_LOGPROB));
  }
}
