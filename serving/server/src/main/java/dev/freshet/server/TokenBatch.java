package dev.freshet.server;

import static dev.freshet.http.JsonBuffer.ascii;

import dev.freshet.engine.TokenEvent;
import dev.freshet.engine.TokenEvent.TopLogprob;
import dev.freshet.http.JsonBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The part of a choice that was not sent yet: tokens, their text, and how it ended. It is written
 * as the wire's choice object: once a step in a stream, once in a whole answer.
 */
final class TokenBatch {
  /** Estimates of the bytes that a token and an alternative occupy while they are held. */
  private static final int TOKEN_BYTES = 32;

  private static final int ALTERNATIVE_BYTES = 32;

  /** The logprob that −∞ is written as, as in vLLM: JSON has no infinities. */
  private static final float MIN_LOGPROB = -9999f;

  private static final byte[] INDEX = ascii("{\"index\":");
  private static final byte[] TEXT = ascii(",\"text\":");
  private static final byte[] PROMPT_IDS = ascii(",\"prompt_token_ids\":[");
  private static final byte[] IDS = ascii(",\"token_ids\":[");
  private static final byte[] LOGPROBS = ascii(",\"logprobs\":{\"tokens\":[");
  private static final byte[] TOKEN_LOGPROBS = ascii("],\"token_logprobs\":[");
  private static final byte[] TOP_LOGPROBS = ascii("],\"top_logprobs\":[");
  private static final byte[] TEXT_OFFSET = ascii("],\"text_offset\":[");
  private static final byte[] END_LOGPROBS = ascii("]}");
  private static final byte[] VERSIONS = ascii(",\"weight_versions\":[");
  private static final byte[] VERSION = ascii("{\"version\":\"");
  private static final byte[] START = ascii("\",\"start\":");
  private static final byte[] END = ascii(",\"end\":");
  private static final byte[] UNFINISHED = ascii(",\"finish_reason\":null,\"stop_reason\":null}");
  private static final byte[] FINISHED = ascii(",\"finish_reason\":");
  private static final byte[] STOPPED = ascii(",\"stop_reason\":");

  private final int index;
  private final boolean withIds;
  private final boolean withLogprobs;
  private final TokenTexts texts;
  private final StringBuilder text = new StringBuilder();

  private int size;
  private int[] tokens = new int[1];
  private float[] logprobs = new float[1];
  private long[] versions = new long[1];
  private int[] offsets = new int[1];

  /** The alternatives of each token; empty while no token has any. */
  private final List<List<TopLogprob>> tops = new ArrayList<>(0);

  /** The number of tokens already sent. */
  private int tokensSent;

  private int characters;
  private int alternatives;
  private boolean first = true;

  /**
   * @param index the choice's place in the answer
   */
  TokenBatch(int index, boolean withIds, boolean withLogprobs, TokenTexts texts) {
    this.index = index;
    this.withIds = withIds;
    this.withLogprobs = withLogprobs;
    this.texts = texts;
  }

  /** Appends a token, whose text begins at the end of the text so far. */
  void token(TokenEvent event) {
    if (size == tokens.length) {
      int more = 2 * size;
      tokens = Arrays.copyOf(tokens, more);
      logprobs = Arrays.copyOf(logprobs, more);
      versions = Arrays.copyOf(versions, more);
      offsets = Arrays.copyOf(offsets, more);
    }
    tokens[size] = event.token();
    logprobs[size] = event.logprob();
    versions[size] = event.policyVersion();
    offsets[size] = characters;
    if (withLogprobs && (!event.top().isEmpty() || !tops.isEmpty())) {
      while (tops.size() < size) {
        tops.add(List.of());
      }
      tops.add(event.top());
      alternatives += event.top().size();
    }
    size++;
  }

  /** Appends text that became final. */
  void text(String more) {
    if (!more.isEmpty()) {
      text.append(more);
      characters += more.codePointCount(0, more.length());
    }
  }

  /** The number of tokens of the completion so far. */
  int tokenCount() {
    return tokensSent + size;
  }

  boolean isEmpty() {
    return size == 0 && text.isEmpty();
  }

  /** An estimate of the bytes that it holds. */
  int heldBytes() {
    return text.length() + size * TOKEN_BYTES + alternatives * ALTERNATIVE_BYTES;
  }

  /** Writes the choice and empties the batch. */
  void writeChoice(JsonBuffer out, int[] prompt, Optional<Finish> finish) {
    out.raw(INDEX).integer(index).raw(TEXT).string(text);
    if (withIds) {
      if (first) {
        integers(out.raw(PROMPT_IDS), prompt, prompt.length).raw(']');
      }
      integers(out.raw(IDS), tokens, size).raw(']');
    }
    if (withLogprobs) {
      writeLogprobs(out);
    }
    writeVersions(out);
    if (finish.isPresent()) {
      out.raw(FINISHED).string(finish.get().reason().wireName()).raw(STOPPED);
      finish.get().writeStop(out);
      out.raw('}');
    } else {
      out.raw(UNFINISHED);
    }
    clear();
  }

  private void clear() {
    first = false;
    tokensSent += size;
    size = 0;
    alternatives = 0;
    tops.clear();
    text.setLength(0);
    if (tokens.length > 16) {
      tokens = new int[1];
      logprobs = new float[1];
      versions = new long[1];
      offsets = new int[1];
      text.trimToSize();
    }
  }

  private static void logprob(JsonBuffer out, float value) {
    out.number(Math.max(value, MIN_LOGPROB));
  }

  private static JsonBuffer integers(JsonBuffer out, int[] values, int count) {
    for (int i = 0; i < count; i++) {
      comma(out, i).integer(values[i]);
    }
    return out;
  }

  private static JsonBuffer comma(JsonBuffer out, int index) {
    return index > 0 ? out.raw(',') : out;
  }

  private void writeLogprobs(JsonBuffer out) {
    out.raw(LOGPROBS);
    for (int i = 0; i < size; i++) {
      comma(out, i).raw(texts.of(tokens[i]));
    }
    out.raw(TOKEN_LOGPROBS);
    for (int i = 0; i < size; i++) {
      logprob(comma(out, i), logprobs[i]);
    }
    out.raw(TOP_LOGPROBS);
    for (int i = 0; i < size; i++) {
      writeTop(comma(out, i), i);
    }
    integers(out.raw(TEXT_OFFSET), offsets, size).raw(END_LOGPROBS);
  }

  /** Writes the token, then its alternatives; of several with one text only the first. */
  private void writeTop(JsonBuffer out, int index) {
    byte[] name = texts.of(tokens[index]);
    logprob(out.raw('{').raw(name).raw(':'), logprobs[index]);
    List<TopLogprob> top = tops.isEmpty() ? List.of() : tops.get(index);
    for (int i = 0; i < top.size(); i++) {
      byte[] other = texts.of(top.get(i).token());
      if (!Arrays.equals(other, name) && !named(other, top, i)) {
        logprob(out.raw(',').raw(other).raw(':'), top.get(i).logprob());
      }
    }
    out.raw('}');
  }

  /** Whether one of the first {@code count} alternatives has this text. */
  private boolean named(byte[] name, List<TopLogprob> top, int count) {
    for (int i = 0; i < count; i++) {
      if (Arrays.equals(texts.of(top.get(i).token()), name)) {
        return true;
      }
    }
    return false;
  }

  /** Writes one span of token positions for each run of tokens of one version. */
  private void writeVersions(JsonBuffer out) {
    out.raw(VERSIONS);
    int start = 0;
    for (int end = 1; end <= size; end++) {
      if (end == size || versions[end] != versions[start]) {
        comma(out, start).raw(VERSION).integer(versions[start]);
        out.raw(START).integer(tokensSent + start);
        out.raw(END).integer(tokensSent + end).raw('}');
        start = end;
      }
    }
    out.raw(']');
  }
}
