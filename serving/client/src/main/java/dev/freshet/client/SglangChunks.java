package dev.freshet.client;

import dev.freshet.wire.IntList;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.Optional;

/**
 * Events of SGLang's {@code /generate}. By default each has all tokens so far, with {@code
 * --incremental-streaming-output} those since the one before; {@code completion_tokens} tells
 * which. Versions are those of the engine where {@code meta_info} has spans of them. A single
 * {@code weight_version} is not read: it is the version at the end of the answer, whichever sampled
 * the tokens.
 */
final class SglangChunks implements ChunkFormat {
  private final CompletionAssembler into;
  private Optional<String> text = Optional.empty();
  private IntList ids = new IntList();
  private IntList logprobTokens = new IntList();
  private IntList logprobBits = new IntList();
  private int total = -1;
  private boolean hasIds;
  private boolean hasLogprobs;

  SglangChunks(CompletionAssembler into) {
    this.into = into;
  }

  @Override
  public void field(String name, WireReader in) {
    switch (name) {
      case "text" -> text = in.isNull() ? Optional.empty() : Optional.of(in.text());
      case "output_ids" -> {
        hasIds = !in.isNull();
        if (hasIds) {
          in.elements(() -> ids.add(in.integer()));
        }
      }
      case "meta_info" -> in.fields(field -> meta(field, in));
      default -> in.skip();
    }
  }

  private void meta(String name, WireReader in) {
    switch (name) {
      case "id" -> into.id(in.text());
      case "prompt_tokens" -> into.promptTokens(in.integer());
      case "completion_tokens" -> total = in.integer();
      case "finish_reason" -> finishReason(in);
      case "output_token_logprobs" -> {
        hasLogprobs = !in.isNull();
        if (hasLogprobs) {
          in.elements(() -> logprob(in));
        }
      }
      case "weight_versions" -> into.allVersions(in);
      default -> in.skip();
    }
  }

  /** {@code null}, or an object whose {@code type} is the reason. */
  private void finishReason(WireReader in) {
    if (in.isNull()) {
      return;
    }
    in.fields(
        name -> {
          if (name.equals("type")) {
            into.finish(in.text());
          } else {
            in.skip();
          }
        });
  }

  /** {@code [logprob, token id, text or null]}. */
  private void logprob(WireReader in) {
    var position =
        new Object() {
          int next;
        };
    in.elements(
        () -> {
          switch (position.next++) {
            case 0 -> logprobBits.add(Float.floatToRawIntBits((float) in.number()));
            case 1 -> logprobTokens.add(in.integer());
            default -> in.skip();
          }
        });
  }

  /** Adds what is new of the event, or replaces what the event repeats. */
  @Override
  public void end() {
    IntList tokens = hasIds ? ids : logprobTokens;
    // A request that is aborted before its first token may end without counts.
    if (total >= 0 || tokens.size() > 0) {
      boolean repeats = repeats("output_ids", tokens.size(), into.idCount());
      add(tokens, repeats);
      if (hasLogprobs) {
        addLogprobs();
      }
      if (repeats) {
        text.ifPresent(into::wholeText);
      } else {
        text.ifPresent(into::text);
      }
    }
    text = Optional.empty();
    ids = new IntList();
    logprobTokens = new IntList();
    logprobBits = new IntList();
    hasIds = false;
    hasLogprobs = false;
    total = -1;
  }

  private void add(IntList tokens, boolean repeats) {
    into.restart(repeats, false);
    for (int token : tokens.toArray()) {
      into.token(token);
    }
  }

  private void addLogprobs() {
    into.restart(false, repeats("output_token_logprobs", logprobBits.size(), into.logprobCount()));
    for (int bits : logprobBits.toArray()) {
      into.logprob(Float.intBitsToFloat(bits));
    }
  }

  /**
   * Whether an event has all {@code count} entries so far; otherwise those after {@code before}.
   */
  private boolean repeats(String part, int count, int before) {
    if (count == total) {
      return true;
    }
    if (before + count == total) {
      return false;
    }
    throw new WireException(
        "%s: expected all of completion_tokens %d, or those after the first %d, got %d"
            .formatted(part, total, before, count));
  }
}
