package dev.freshet.server;

import dev.freshet.http.ApiError;
import dev.freshet.http.ApiException;
import dev.freshet.http.ByteBudget;
import dev.freshet.wire.CompletionRequest;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Bounds the bytes that the prompts, stop conditions and biases of accepted requests, whose
 * completions wait or run, hold together. Their number is bounded by the engine. Thread-safe.
 */
final class AcceptedBytes {
  /** A stop token, and a token's bias. */
  private static final int TOKEN_ENTRY = 64;

  /** A character, and its entry in the table by which a stop string is searched. */
  private static final int STOP_CHARACTER = Character.BYTES + Integer.BYTES;

  /** The logprob of a prompt's token, and an alternative. */
  private static final int SCORE = 48;

  private final ByteBudget budget;

  AcceptedBytes(long max) {
    this.budget = new ByteBudget(max);
  }

  /** The bytes of one request, held until {@link #release}. */
  final class Share {
    private final long bytes;
    private final AtomicBoolean released = new AtomicBoolean();

    private Share(long bytes) {
      this.bytes = bytes;
    }

    /** Only the first call counts. */
    void release() {
      if (!released.getAndSet(true)) {
        budget.release(bytes);
      }
    }
  }

  /**
   * Takes the share of a request.
   *
   * @throws ApiException 503 if that exceeds the bound
   */
  Share take(CompletionRequest request, List<AnsweredPrompt> prompts) {
    long bytes = bytes(request, prompts);
    if (!budget.reserve(bytes)) {
      throw new ApiException(
          ApiError.unavailable(
              "overloaded",
              "the completions that wait or run hold %d bytes, at most %d may: %d more; retry later"
                  .formatted(budget.held(), budget.max(), bytes)));
    }
    return new Share(bytes);
  }

  /** The choices share all but the tables by which stop strings are searched. */
  private static long bytes(CompletionRequest request, List<AnsweredPrompt> prompts) {
    long stops = request.stop().stream().mapToLong(String::length).sum();
    long scores =
        request.promptLogprobs().isEmpty()
            ? 0
            : (long) SCORE * request.n() * (1 + request.promptLogprobs().getAsInt());
    long texts =
        prompts.stream()
            .mapToLong(
                prompt ->
                    (Integer.BYTES + scores) * prompt.ids().length
                        + (long) Character.BYTES * prompt.echo().map(String::length).orElse(0))
            .sum();
    return texts
        + STOP_CHARACTER * stops * request.n() * prompts.size()
        + (long) TOKEN_ENTRY * (request.stopTokenIds().size() + request.rules().bias().size());
  }
}
