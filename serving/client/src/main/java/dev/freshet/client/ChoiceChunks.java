package dev.freshet.client;

import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;

/**
 * Events with {@code choices}, each of which has the tokens since the one before: those of {@code
 * /v1/completions} and of vLLM's {@code /inference/v1/generate}. Freshet reports the versions of
 * tokens with them, vLLM those of all tokens with the last, SGLang in {@code metadata} or {@code
 * sglext} of the event or of its choice.
 */
final class ChoiceChunks implements ChunkFormat {
  private final CompletionAssembler into;

  ChoiceChunks(CompletionAssembler into) {
    this.into = into;
  }

  @Override
  public void field(String name, WireReader in) {
    switch (name) {
      case "id", "request_id" -> into.id(in.text());
      case "choices" -> in.elements(() -> choice(in));
      case "metadata", "sglext" -> extension(in);
      case "usage" -> usage(in);
      default -> in.skip();
    }
  }

  private void choice(WireReader in) {
    if (into.finished()) {
      throw new WireException("choices: expected none after the one with a finish reason");
    }
    in.fields(
        name -> {
          switch (name) {
            case "index" -> {
              if (in.integer() != 0) {
                throw in.expected("0, the only completion asked for");
              }
            }
            case "text" -> into.text(in.text());
            case "token_ids" -> ids(in);
            case "logprobs" -> logprobs(in);
            case "weight_versions" -> into.moreVersions(in);
            case "metadata", "sglext" -> extension(in);
            case "finish_reason" -> {
              if (!in.isNull()) {
                into.finish(in.text());
              }
            }
            default -> in.skip();
          }
        });
  }

  private void ids(WireReader in) {
    if (!in.isNull()) {
      in.elements(() -> into.token(in.integer()));
    }
  }

  /** {@code token_logprobs} of {@code /v1/completions}, {@code content} of vLLM's own route. */
  private void logprobs(WireReader in) {
    if (in.isNull()) {
      return;
    }
    in.fields(
        name -> {
          switch (name) {
            case "token_logprobs" -> in.elements(() -> into.logprob(in.number()));
            case "content" -> in.elements(() -> entry(in));
            default -> in.skip();
          }
        });
  }

  private void entry(WireReader in) {
    in.fields(
        name -> {
          if (name.equals("logprob")) {
            into.logprob(in.number());
          } else {
            in.skip();
          }
        });
  }

  private void extension(WireReader in) {
    if (in.isNull()) {
      return;
    }
    in.fields(
        name -> {
          if (name.equals("weight_versions")) {
            into.allVersions(in);
          } else {
            in.skip();
          }
        });
  }

  private void usage(WireReader in) {
    if (in.isNull()) {
      return;
    }
    in.fields(
        name -> {
          if (name.equals("prompt_tokens")) {
            into.promptTokens(in.integer());
          } else {
            in.skip();
          }
        });
  }
}
