package dev.freshet.client;

import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.IntList;
import dev.freshet.wire.Prompt;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.Optional;

/**
 * Assembles a completion from the events of its stream. Every chunk must be consistent: equally
 * many ids, logprobs and versions, and the spans of versions must be contiguous.
 */
final class CompletionAssembler {
  /** The maximum size of one event. */
  static final int MAX_EVENT_BYTES = 16 << 20;

  private final CompletionRequest request;
  private final StringBuilder text = new StringBuilder();
  private final IntList ids = new IntList();
  private final IntList versions = new IntList();
  private final IntList logprobBits = new IntList();
  private String id = "";
  private Optional<String> finishReason = Optional.empty();
  private Optional<ErrorBody> error = Optional.empty();
  private int promptTokens;

  CompletionAssembler(CompletionRequest request) {
    this.request = request;
    this.promptTokens =
        request.prompt() instanceof Prompt.Tokens(int[] prompt) ? prompt.length : -1;
  }

  /**
   * Adds the data of one event.
   *
   * @throws WireException if it is not a chunk of this completion
   */
  void accept(byte[] json, int length) {
    ErrorBody.Fields failure = new ErrorBody.Fields();
    try (WireReader in = WireReader.lenient(json, 0, length)) {
      in.document(
          name -> {
            switch (name) {
              case "id" -> id = in.text();
              case "choices" -> in.elements(() -> choice(in));
              case "usage" -> usage(in);
              case "error" -> failure.read(in);
              default -> in.skip();
            }
          });
    }
    error = failure.found();
    if (error.isEmpty()) {
      requireConsistent();
    }
  }

  private void choice(WireReader in) {
    if (finishReason.isPresent()) {
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
            case "text" -> text.append(in.text());
            case "token_ids" -> ids(in);
            case "logprobs" -> logprobs(in);
            case "weight_versions" -> versions(in);
            case "finish_reason" ->
                finishReason = in.isNull() ? Optional.empty() : Optional.of(in.text());
            default -> in.skip();
          }
        });
  }

  private void ids(WireReader in) {
    if (!in.isNull()) {
      in.elements(() -> ids.add(in.integer()));
    }
  }

  private void logprobs(WireReader in) {
    if (in.isNull()) {
      return;
    }
    in.fields(
        name -> {
          if (name.equals("token_logprobs")) {
            in.elements(() -> logprobBits.add(Float.floatToRawIntBits((float) in.number())));
          } else {
            in.skip();
          }
        });
  }

  private void versions(WireReader in) {
    if (in.isNull()) {
      return;
    }
    in.elements(
        () -> {
          var span =
              new Object() {
                int version = -1;
                int start = -1;
                int end = -1;
              };
          in.fields(
              name -> {
                switch (name) {
                  case "version" -> span.version = version(in);
                  case "start" -> span.start = in.integer();
                  case "end" -> span.end = in.integer();
                  default -> in.skip();
                }
              });
          if (span.version < 0
              || span.start != versions.size()
              || span.end <= span.start
              || span.end > request.maxTokens()) {
            throw new WireException(
                "weight_versions: expected a span from token %d on, got version %d from %d to %d"
                    .formatted(versions.size(), span.version, span.start, span.end));
          }
          while (versions.size() < span.end) {
            versions.add(span.version);
          }
        });
  }

  /** The version in a name such as {@code 7}, or {@code 7@attempt} of a fleet's update. */
  private static int version(WireReader in) {
    try {
      return Integer.parseInt(in.text().split("@", 2)[0]);
    } catch (NumberFormatException e) {
      throw in.expected("an integer as a string");
    }
  }

  private void usage(WireReader in) {
    if (in.isNull()) {
      return;
    }
    in.fields(
        name -> {
          if (name.equals("prompt_tokens")) {
            promptTokens = in.integer();
          } else {
            in.skip();
          }
        });
  }

  private void requireConsistent() {
    int tokens = tokens();
    if (tokens > request.maxTokens()) {
      throw new WireException(
          "choices: expected at most %d tokens, got %d".formatted(request.maxTokens(), tokens));
    }
    requireCount(request.returnTokenIds(), "token_ids", ids.size(), tokens);
    requireCount(request.logprobs().isPresent(), "token_logprobs", logprobBits.size(), tokens);
    requireCount(versions.size() > 0, "weight_versions", versions.size(), tokens);
  }

  private static void requireCount(boolean present, String part, int count, int tokens) {
    if (present && count != tokens) {
      throw new WireException(
          "%s: expected those of %d tokens, got %d".formatted(part, tokens, count));
    }
  }

  /** The tokens received so far. */
  int tokens() {
    return Math.max(ids.size(), Math.max(logprobBits.size(), versions.size()));
  }

  /** Whether any token or text was received. */
  boolean begun() {
    return !text.isEmpty() || tokens() > 0;
  }

  /** The error that the last event reported. */
  Optional<ErrorBody> error() {
    return error;
  }

  /**
   * The completion, after the last event.
   *
   * @throws WireException if the stream had no finish reason
   */
  Completion completion(double ttftMs, double wallMs) {
    String reason =
        finishReason.orElseThrow(
            () -> new WireException("finish_reason: expected one before the end of the stream"));
    int[] bits = logprobBits.toArray();
    float[] logprobs = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      logprobs[i] = Float.intBitsToFloat(bits[i]);
    }
    return new Completion(
        id,
        text.toString(),
        ids.toArray(),
        logprobs,
        versions.toArray(),
        reason,
        promptTokens,
        ttftMs,
        wallMs);
  }
}
