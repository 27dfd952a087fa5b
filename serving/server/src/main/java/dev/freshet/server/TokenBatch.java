package dev.freshet.server;

import dev.freshet.engine.TokenEvent;
import dev.freshet.engine.TokenEvent.TopLogprob;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The part of a choice that was not sent yet: tokens and their text. It is sent once a step in a
 * stream, once in a whole answer.
 */
final class TokenBatch {
  /** Estimates of the bytes that a token and an alternative occupy while they are held. */
  private static final int TOKEN_BYTES = 32;

  private static final int ALTERNATIVE_BYTES = 32;

  private final boolean withLogprobs;
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
   * @param withLogprobs whether alternatives are kept
   */
  TokenBatch(boolean withLogprobs) {
    this.withLogprobs = withLogprobs;
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

  /** The text that was not sent. */
  CharSequence text() {
    return text;
  }

  /** The number of tokens that were not sent. */
  int size() {
    return size;
  }

  int token(int index) {
    return tokens[index];
  }

  float logprob(int index) {
    return logprobs[index];
  }

  long version(int index) {
    return versions[index];
  }

  /** Where the text of the token begins in that of the choice, in code points. */
  int offset(int index) {
    return offsets[index];
  }

  /** The alternatives of a token. */
  List<TopLogprob> top(int index) {
    return tops.isEmpty() ? List.of() : tops.get(index);
  }

  /** The number of tokens that were sent. */
  int tokensSent() {
    return tokensSent;
  }

  /** The number of tokens of the completion so far. */
  int tokenCount() {
    return tokensSent + size;
  }

  /** Whether nothing was sent yet. */
  boolean isFirst() {
    return first;
  }

  boolean isEmpty() {
    return size == 0 && text.isEmpty();
  }

  /** An estimate of the bytes that it holds. */
  int heldBytes() {
    return text.length() + size * TOKEN_BYTES + alternatives * ALTERNATIVE_BYTES;
  }

  /** Forgets what was sent. */
  void sent() {
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
}
