package dev.freshet.client;

import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.ErrorBody;
import dev.freshet.wire.IntList;
import dev.freshet.wire.Prompt;
import dev.freshet.wire.WireException;
import dev.freshet.wire.WireReader;
import java.util.Optional;

/**
 * Assembles a completion from the events of its stream, which a {@link ChunkFormat} reads. After
 * every event the parts must be consistent: equally many ids, logprobs and versions, and the spans
 * of versions must be contiguous.
 */
final class CompletionAssembler {
  /** The maximum size of one event. */
  static final int MAX_EVENT_BYTES = 16 << 20;

  /** What vLLM and SGLang call the version of the model that they were started with. */
  private static final String FIRST = "default";

  private final CompletionRequest request;
  private final ChunkFormat format;
  private final StringBuilder text = new StringBuilder();
  private IntList ids = new IntList();
  private IntList versions = new IntList();
  private IntList logprobBits = new IntList();
  private String id = "";
  private Optional<String> finishReason = Optional.empty();
  private Optional<ErrorBody> error = Optional.empty();
  private int promptTokens;

  CompletionAssembler(CompletionRequest request, GenerationRoute route) {
    this.request = request;
    this.format = route.format(this);
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
            if (name.equals("error")) {
              failure.read(in);
            } else {
              format.field(name, in);
            }
          });
    }
    error = failure.found();
    if (error.isEmpty()) {
      format.end();
      requireConsistent();
    }
  }

  void id(String name) {
    id = name;
  }

  void text(String more) {
    text.append(more);
  }

  /** Replaces the text so far. */
  void wholeText(String all) {
    text.setLength(0);
    text.append(all);
  }

  void promptTokens(int count) {
    promptTokens = count;
  }

  void token(int tokenId) {
    ids.add(tokenId);
  }

  void logprob(double value) {
    logprobBits.add(Float.floatToRawIntBits((float) value));
  }

  /** The tokens, logprobs or both that follow begin with the first one again. */
  void restart(boolean tokens, boolean logprobs) {
    ids = tokens ? new IntList() : ids;
    logprobBits = logprobs ? new IntList() : logprobBits;
  }

  /** Whether the last token has arrived. */
  boolean finished() {
    return finishReason.isPresent();
  }

  void finish(String reason) {
    finishReason = Optional.of(reason);
  }

  /** How many token ids have arrived. */
  int idCount() {
    return ids.size();
  }

  /** How many logprobs have arrived. */
  int logprobCount() {
    return logprobBits.size();
  }

  /** Reads the spans that follow those so far. */
  void moreVersions(WireReader in) {
    if (!in.isNull()) {
      in.elements(() -> span(in));
    }
  }

  /** Reads the spans of all tokens so far. */
  void allVersions(WireReader in) {
    if (!in.isNull()) {
      versions = new IntList();
      in.elements(() -> span(in));
    }
  }

  private void span(WireReader in) {
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
  }

  /** The version in a name such as {@code 7}, or {@code 7@attempt} of a fleet's update. */
  private static int version(WireReader in) {
    String name = in.text();
    try {
      return name.equals(FIRST) ? 0 : Integer.parseInt(name.split("@", 2)[0]);
    } catch (NumberFormatException e) {
      throw in.expected("an integer as a string");
    }
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

  /** The tokens received so far, from a position on. */
  Received received(int from) {
    int[] bits = logprobBits.toArray(from);
    float[] logprobs = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      logprobs[i] = Float.intBitsToFloat(bits[i]);
    }
    return new Received(ids.toArray(from), logprobs, versions.toArray(from));
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
    Received all = received(0);
    return new Completion(
        id,
        text.toString(),
        all.tokenIds(),
        all.logprobs(),
        all.policyVersions(),
        false,
        reason,
        promptTokens,
        ttftMs,
        wallMs);
  }
}
