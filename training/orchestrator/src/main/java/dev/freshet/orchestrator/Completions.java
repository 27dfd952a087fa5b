package dev.freshet.orchestrator;

import dev.freshet.client.Call;
import dev.freshet.client.Calls;
import dev.freshet.client.Completion;
import dev.freshet.client.StreamException;
import dev.freshet.client.StreamingClient;
import dev.freshet.fleet.Arrived;
import dev.freshet.fleet.Fleet;
import dev.freshet.fleet.Replica;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.CompletionRequest;
import dev.freshet.wire.CompletionRequestBuilder;
import dev.freshet.wire.OneLine;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;

/**
 * Asks one server for a turn of the policy and accepts only a completion that can be trained on:
 * ended, with an id, a finite logprob and a permitted policy version for each token. Thread-safe.
 */
final class Completions {
  /** The time after a call's deadline by which the client must have reported it. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /** The status of a server that ends or is full, and of a front without a server. */
  private static final int UNAVAILABLE = 503;

  private final Fleet fleet;
  private final StreamingClient client;
  private final int[] stopTokenIds;
  private final Duration deadline;
  private final RoleClock time;
  private final LongAdder generatedTokens = new LongAdder();

  /**
   * @param stopTokenIds the tokens that end a turn
   * @param deadline of a completion
   * @param time the orchestrator's
   */
  Completions(
      Fleet fleet, StreamingClient client, int[] stopTokenIds, Duration deadline, RoleClock time) {
    this.fleet = fleet;
    this.client = client;
    this.stopTokenIds = stopTokenIds.clone();
    this.deadline = deadline;
    this.time = time;
  }

  /** Counts tokens of turns that an environment's own program asked for. */
  void generatedElsewhere(int tokens) {
    generatedTokens.add(tokens);
  }

  /** Generated tokens of all completions that ended. */
  long generatedTokens() {
    return generatedTokens.sum();
  }

  /**
   * The turn after {@code tokens}.
   *
   * @param maxTokens its most tokens
   * @param oldest the lowest policy version that it may have
   * @param log receives its tokens
   */
  Completion complete(
      Replica server,
      int[] tokens,
      Sampling sampling,
      int maxTokens,
      long seed,
      long oldest,
      RolloutLog.OfTurn log,
      Calls scope)
      throws RolloutFailure, InterruptedException {
    Call call =
        client.start(
            server.address().data(),
            server.generationRoute(),
            request(server, tokens, sampling, maxTokens, seed),
            deadline);
    server.streams().started(call);
    log.streams(from -> arrived(server, call, from, oldest));
    scope.add(call);
    Duration most = deadline.plus(GRACE);
    try (RoleClock.Activity _ = time.begin(RoleState.GENERATING);
        RoleClock.Activity _ = server.time().begin(RoleState.GENERATING);
        Waits.Open _ =
            Waits.begin(
                "orchestrator",
                "a completion",
                "inference " + server.address().data(),
                most,
                call::tokens)) {
      Completion completion =
          server.ended(call, call.result().get(most.toMillis(), TimeUnit.MILLISECONDS));
      requireTrainable(server, completion);
      requireMovingForward(server, completion, oldest);
      generatedTokens.add(completion.tokenIds().length);
      log.ended(completion);
      return completion;
    } catch (ExecutionException e) {
      throw failure(Objects.requireNonNull(e.getCause()));
    } catch (TimeoutException e) {
      throw RolloutFailure.ofServer(
          "server %s: no answer within %d s".formatted(server, deadline.toSeconds()), true);
    } finally {
      try {
        log.stopped();
      } finally {
        call.cancel();
        scope.remove(call);
        server.streams().remove(call);
      }
    }
  }

  /** Whether a token ends a turn. */
  boolean stops(int token) {
    return Arrays.stream(stopTokenIds).anyMatch(stop -> stop == token);
  }

  /** What has arrived from a position on; nothing if it could not be trained on. */
  private Arrived arrived(Replica server, Call call, int from, long oldest) {
    Arrived arrived = server.arrived(call, from);
    int[] versions = arrived.policyVersions();
    boolean trainable = versions.length == arrived.tokenIds().length;
    long least = oldest;
    for (int i = 0; trainable && i < versions.length; i++) {
      trainable =
          arrived.tokenIds()[i] >= 0
              && Float.isFinite(arrived.logprobs()[i])
              && versions[i] >= least
              && fleet.requested(versions[i]);
      least = versions[i];
    }
    return trainable ? arrived : Arrived.NOTHING;
  }

  private CompletionRequest request(
      Replica server, int[] tokens, Sampling sampling, int maxTokens, long seed) {
    CompletionRequestBuilder request = CompletionRequest.tokens(tokens);
    server.model().ifPresent(request::model);
    server.salt().ifPresent(request::cacheSalt);
    return request
        .maxTokens(maxTokens)
        .temperature(sampling.temperature())
        .topP(sampling.topP())
        .logprobsMode(sampling.logprobsMode())
        .seed(seed)
        .stopTokenIds(Arrays.stream(stopTokenIds).boxed().toList())
        .logprobs(0)
        .returnTokenIds(true)
        .build();
  }

  private static RolloutFailure failure(Throwable cause) {
    String what = OneLine.of(cause);
    if (!(cause instanceof StreamException stream)) {
      return RolloutFailure.ofServer(what, true);
    }
    return stream.neverHandled() || stream.status() == UNAVAILABLE
        ? RolloutFailure.notServed(what)
        : RolloutFailure.ofServer(what, !isClientError(stream.status()));
  }

  private static boolean isClientError(int status) {
    return status >= 400 && status < 500 && status != 408 && status != 429;
  }

  private static void requireTrainable(Replica server, Completion completion)
      throws RolloutFailure {
    String reason = completion.finishReason();
    if (!reason.equals("stop") && !reason.equals("length")) {
      throw RolloutFailure.ofServer(
          "server %s: completion ended with '%s', expected stop or length"
              .formatted(server, reason),
          true);
    }
    int tokens = completion.tokenIds().length;
    int logprobs = completion.logprobs().length;
    int versions = completion.policyVersions().length;
    if (tokens == 0 || logprobs != tokens || versions != tokens) {
      throw RolloutFailure.ofServer(
          "server %s: completion with %d token ids, %d logprobs and %d policy versions, expected"
                  .formatted(server, tokens, logprobs, versions)
              + " equally many, at least one",
          false);
    }
    for (int i = 0; i < tokens; i++) {
      if (completion.tokenIds()[i] < 0) {
        throw RolloutFailure.ofServer(
            "server %s: token %d has id %d, expected 0 or above"
                .formatted(server, i, completion.tokenIds()[i]),
            true);
      }
      if (!Float.isFinite(completion.logprobs()[i])) {
        throw RolloutFailure.ofServer(
            "server %s: logprob %s of token %d, expected a finite number"
                .formatted(server, completion.logprobs()[i], i),
            true);
      }
    }
  }

  /**
   * Rejects tokens of a version that the server can have only if it was restarted, or updated by
   * someone else. Versions never fall within a rollout.
   */
  private void requireMovingForward(Replica server, Completion completion, long oldest)
      throws RolloutFailure {
    long least = oldest;
    int[] versions = completion.policyVersions();
    for (int i = 0; i < versions.length; i++) {
      if (versions[i] < least || !fleet.requested(versions[i])) {
        String found =
            "server %s: token %d has policy version %d, expected %s"
                .formatted(
                    server,
                    i,
                    versions[i],
                    versions[i] < least
                        ? least + " or above, which it has served"
                        : "one that it was asked to serve");
        throw i == 0 ? RolloutFailure.notServed(found) : RolloutFailure.ofServer(found, true);
      }
      least = versions[i];
    }
  }
}
