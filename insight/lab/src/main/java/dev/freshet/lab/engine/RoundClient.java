package dev.freshet.lab.engine;

import dev.freshet.client.Call;
import dev.freshet.client.Completion;
import dev.freshet.client.StreamingClient;
import dev.freshet.lab.LabException;
import dev.freshet.wire.ApiKeys;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.OneLine;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Requests batches of completions from any server with the streaming client that rollouts use, on
 * one event loop. It asks for token ids and counts those, because a server may put several tokens
 * into one event. Used by one thread.
 */
final class RoundClient implements AutoCloseable {
  /** The deadline of a round. */
  private static final Duration ROUND = Duration.ofMinutes(10);

  /** What a call that has passed its deadline gets to report it. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final StreamingClient client = new StreamingClient(ApiKeys.ofClient(""));

  /** A call and the moment at which it was made. */
  private record Sent(Call call, double ms) {}

  /**
   * Requests one completion of {@code tokens} tokens for each prompt, all at once, and waits for
   * them.
   *
   * @throws LabException if one fails or has another number of tokens
   */
  Round complete(URI server, List<int[]> prompts, int tokens) throws InterruptedException {
    List<Sent> all = new ArrayList<>(prompts.size());
    double cpu = cpuSeconds();
    long start = System.nanoTime();
    for (int[] prompt : prompts) {
      double sentMs = (System.nanoTime() - start) / 1e6;
      all.add(new Sent(client.start(server, request(prompt, tokens), ROUND), sentMs));
    }
    await(all);
    double seconds = (System.nanoTime() - start) / 1e9;
    double used = cpuSeconds() - cpu;
    return new Round(
        all.stream().map(sent -> answer(server, sent, tokens)).toList(), seconds, used);
  }

  private static CompletionRequest request(int[] prompt, int tokens) {
    return CompletionRequest.tokens(prompt)
        .maxTokens(tokens)
        .temperature(0)
        .ignoreEos(true)
        .returnTokenIds(true)
        .build();
  }

  private static void await(List<Sent> all) throws InterruptedException {
    CompletableFuture<?>[] results =
        all.stream().map(sent -> sent.call().result()).toArray(CompletableFuture<?>[]::new);
    try {
      var _ = CompletableFuture.allOf(results).get(ROUND.plus(GRACE).toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new LabException("completions did not end within " + ROUND.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      long failed =
          all.stream().filter(sent -> sent.call().result().isCompletedExceptionally()).count();
      throw new LabException(
          "%d of %d completions failed; the first error: %s"
              .formatted(
                  failed, all.size(), OneLine.of(Objects.requireNonNullElse(e.getCause(), e))),
          e);
    }
  }

  private static Round.Answer answer(URI server, Sent sent, int tokens) {
    Completion completion = sent.call().result().join();
    if (completion.tokenIds().length != tokens) {
      throw new LabException(
          "POST %s/v1/completions: %d tokens (finish reason %s), expected %d"
              .formatted(server, completion.tokenIds().length, completion.finishReason(), tokens));
    }
    return new Round.Answer(
        completion.promptTokens(),
        tokens,
        sent.ms(),
        sent.ms() + completion.ttftMs(),
        sent.ms() + completion.wallMs());
  }

  private static double cpuSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  @Override
  public void close() {
    client.close();
  }
}
