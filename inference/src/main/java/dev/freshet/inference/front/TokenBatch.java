package dev.freshet.inference.front;

import dev.freshet.inference.TokenEvent;
import dev.freshet.inference.TokenEvent.TopLogprob;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * The part of a completion that its client has not got yet: tokens, their text, and how it ended.
 * Writes itself as the wire's choice object. A stream writes one a step, a whole answer one in all,
 * so that both say the same.
 */
final class TokenBatch {
  /** A rough measure of what a token costs while it is held, in bytes. */
  private static final int TOKEN_BYTES = 64;

  private final boolean withIds;
  private final boolean withLogprobs;
  private final TokenTexts texts;
  private final StringBuilder text = new StringBuilder();
  private final List<TokenEvent> tokens = new ArrayList<>(1);
  private final List<Integer> offsets = new ArrayList<>(1);

  /** The tokens that the client has got. */
  private int tokensBefore;

  private int characters;
  private int alternatives;
  private boolean first = true;

  TokenBatch(boolean withIds, boolean withLogprobs, TokenTexts texts) {
    this.withIds = withIds;
    this.withLogprobs = withLogprobs;
    this.texts = texts;
  }

  /** Appends a token, whose text begins at the end of the certain text. */
  void token(TokenEvent event) {
    tokens.add(event);
    if (withLogprobs) {
      offsets.add(characters);
      alternatives += event.top().size();
    }
  }

  /** Appends text that has become certain. */
  void text(String certain) {
    text.append(certain);
    characters += certain.codePointCount(0, certain.length());
  }

  /** The tokens of the completion so far. */
  int tokenCount() {
    return tokensBefore + tokens.size();
  }

  boolean isEmpty() {
    return tokens.isEmpty() && text.isEmpty();
  }

  /** About how many bytes it holds. */
  int heldBytes() {
    return text.length() + (tokens.size() + alternatives) * TOKEN_BYTES;
  }

  /** Writes the choice and begins anew after it. */
  void writeChoice(ByteBuf out, int[] prompt, Optional<Finish> finish) {
    Json.ascii(out, "{\"index\":0,\"text\":");
    Json.string(out, text);
    if (withIds) {
      if (first) {
        Json.ascii(out, ",\"prompt_token_ids\":");
        list(out, prompt.length, i -> Json.integer(out, prompt[i]));
      }
      Json.ascii(out, ",\"token_ids\":");
      list(out, tokens.size(), i -> Json.integer(out, tokens.get(i).token()));
    }
    if (withLogprobs) {
      writeLogprobs(out);
    }
    writeVersions(out);
    Json.ascii(out, ",\"finish_reason\":");
    if (finish.isPresent()) {
      Json.string(out, finish.get().reason().wireName());
      Json.ascii(out, ",\"stop_reason\":");
      finish.get().writeStop(out);
      out.writeByte('}');
    } else {
      Json.ascii(out, "null,\"stop_reason\":null}");
    }
    first = false;
    tokensBefore += tokens.size();
    tokens.clear();
    offsets.clear();
    text.setLength(0);
    alternatives = 0;
  }

  private void writeLogprobs(ByteBuf out) {
    Json.ascii(out, ",\"logprobs\":{\"tokens\":");
    list(out, tokens.size(), i -> Json.string(out, texts.of(tokens.get(i).token())));
    Json.ascii(out, ",\"token_logprobs\":");
    list(out, tokens.size(), i -> Json.logprob(out, tokens.get(i).logprob()));
    Json.ascii(out, ",\"top_logprobs\":");
    list(out, tokens.size(), i -> writeTop(out, tokens.get(i)));
    Json.ascii(out, ",\"text_offset\":");
    list(out, tokens.size(), i -> Json.integer(out, offsets.get(i)));
    out.writeByte('}');
  }

  /** The token itself, then the alternatives; of tokens with the same text only the first. */
  private void writeTop(ByteBuf out, TokenEvent event) {
    Set<String> written = new HashSet<>();
    out.writeByte('{');
    writeTop(out, written, event.token(), event.logprob());
    for (TopLogprob alternative : event.top()) {
      writeTop(out, written, alternative.token(), alternative.logprob());
    }
    out.writeByte('}');
  }

  private void writeTop(ByteBuf out, Set<String> written, int token, float logprob) {
    String name = texts.of(token);
    if (written.add(name)) {
      if (written.size() > 1) {
        out.writeByte(',');
      }
      Json.string(out, name);
      out.writeByte(':');
      Json.logprob(out, logprob);
    }
  }

  /** One span for every run of tokens of the same version, over the completion's tokens. */
  private void writeVersions(ByteBuf out) {
    Json.ascii(out, ",\"weight_versions\":[");
    int start = 0;
    for (int end = 1; end <= tokens.size(); end++) {
      long version = tokens.get(start).policyVersion();
      if (end == tokens.size() || tokens.get(end).policyVersion() != version) {
        Json.ascii(out, start == 0 ? "{\"version\":\"" : ",{\"version\":\"");
        Json.integer(out, version);
        Json.ascii(out, "\",\"start\":");
        Json.integer(out, tokensBefore + start);
        Json.ascii(out, ",\"end\":");
        Json.integer(out, tokensBefore + end);
        out.writeByte('}');
        start = end;
      }
    }
    out.writeByte(']');
  }

  private static void list(ByteBuf out, int size, IntConsumer element) {
    out.writeByte('[');
    for (int i = 0; i < size; i++) {
      if (i > 0) {
        out.writeByte(',');
      }
      element.accept(i);
    }
    out.writeByte(']');
  }
}
