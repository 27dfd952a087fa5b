package dev.freshet.orchestrator;

import dev.freshet.environments.PlayedAgent;
import dev.freshet.environments.PlayedBranch;
import dev.freshet.environments.PlayedEpisode;
import dev.freshet.environments.PolicyCallException;
import dev.freshet.environments.PolicyEndpoint;
import dev.freshet.environments.Problem;
import dev.freshet.environments.SelfDrivenEnvironment;
import dev.freshet.environments.SelfDrivenEpisode;
import dev.freshet.environments.Split;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/**
 * An environment whose program asks the server for one turn and rewards an answer that begins with
 * an even token; every n-th episode has a fault.
 */
final class AskingEnvironment implements SelfDrivenEnvironment {
  /** What goes wrong. */
  enum Fault {
    START_THROWS(FailureReason.ENVIRONMENT),
    NEVER_ENDS(FailureReason.DEADLINE),
    RESULT_THROWS(FailureReason.ENVIRONMENT),
    REWARD_IS_NAN(FailureReason.REWARD),
    NOTHING_SAMPLED(FailureReason.FORMAT),
    LISTS_OF_DIFFERENT_LENGTHS(FailureReason.FORMAT),
    TOO_MANY_TOKENS(FailureReason.SIZE),
    POLICY_CALLS_FAIL(FailureReason.SERVER);

    final FailureReason reason;

    Fault(FailureReason reason) {
      this.reason = reason;
    }
  }

  private static final Pattern TOKEN = Pattern.compile("\"token_ids\":\\[(\\d+)]");
  private static final int[] PROMPT = {5, 6, 7};

  final AtomicInteger open = new AtomicInteger();

  /** Whether a second agent begins as the first does and has the opposite reward. */
  volatile boolean twoAgents;

  private final HttpClient client = HttpClient.newHttpClient();
  private final Fault fault;
  private final int every;
  private final AtomicInteger started = new AtomicInteger();

  AskingEnvironment(Fault fault, int every) {
    this.fault = fault;
    this.every = every;
  }

  @Override
  public String name() {
    return "asking";
  }

  @Override
  public Problem problem(Split split, long index) {
    return new Problem(split, index, split + " " + index);
  }

  @Override
  public SelfDrivenEpisode start(Problem problem, PolicyEndpoint policy) {
    boolean fails = started.incrementAndGet() % every == 0;
    if (fails && fault == Fault.START_THROWS) {
      throw new IllegalStateException("no program");
    }
    open.incrementAndGet();
    long version = policy.policyVersion().getAsLong();
    CompletableFuture<int[]> answer =
        fails && fault == Fault.NEVER_ENDS
            ? new CompletableFuture<>()
            : client
                .sendAsync(
                    HttpRequest.newBuilder(URI.create(policy.openAiUrl() + "/completions"))
                        .POST(
                            HttpRequest.BodyPublishers.ofString(
                                "{\"prompt\":%s,\"max_tokens\":%d,\"seed\":%d,\"stream\":true}"
                                    .formatted(
                                        Arrays.toString(PROMPT),
                                        policy.maxTokens(),
                                        policy.seed())))
                        .build(),
                    BodyHandlers.ofString())
                .thenApply(
                    response ->
                        TOKEN
                            .matcher(response.body())
                            .results()
                            .mapToInt(token -> Integer.parseInt(token.group(1)))
                            .toArray());
    return new SelfDrivenEpisode() {
      @Override
      public CompletionStage<Void> ended() {
        return answer.handle((_, _) -> null);
      }

      @Override
      public PlayedEpisode result() {
        return played(answer.join(), version, fails);
      }

      @Override
      public void close() {
        open.decrementAndGet();
      }
    };
  }

  private PlayedEpisode played(int[] answer, long version, boolean fails) {
    double reward = answer[0] % 2 == 0 ? 1 : 0;
    if (!fails) {
      return new PlayedEpisode(
          List.of(
              branch(answer, PROMPT.length + answer.length, version),
              branch(new int[] {answer[0]}, PROMPT.length + 1, version)),
          reward,
          Map.of("even", reward),
          twoAgents
              ? List.of(
                  new PlayedAgent(
                      "second",
                      List.of(branch(Arrays.copyOf(answer, 2), PROMPT.length + 2, version)),
                      -reward))
              : List.of());
    }
    return switch (fault) {
      case RESULT_THROWS -> throw new IllegalStateException("the program ended with status 1");
      case POLICY_CALLS_FAIL -> throw new PolicyCallException("502 Bad Gateway");
      case REWARD_IS_NAN ->
          new PlayedEpisode(
              List.of(branch(answer, PROMPT.length + answer.length, version)),
              Double.NaN,
              Map.of());
      case NOTHING_SAMPLED ->
          new PlayedEpisode(List.of(branch(new int[0], PROMPT.length, version)), reward, Map.of());
      case LISTS_OF_DIFFERENT_LENGTHS ->
          new PlayedEpisode(
              List.of(branch(answer, PROMPT.length + answer.length + 1, version)),
              reward,
              Map.of());
      case TOO_MANY_TOKENS ->
          new PlayedEpisode(
              List.of(branch(new int[TestRun.MOST_TOKENS], PROMPT.length + 64, version)),
              reward,
              Map.of());
      default -> throw new AssertionError(fault + " happens elsewhere");
    };
  }

  /** The prompt and an answer; {@code logprobs} is how many logprobs there are. */
  private static PlayedBranch branch(int[] answer, int logprobs, long version) {
    int length = PROMPT.length + answer.length;
    int[] tokens = Arrays.copyOf(PROMPT, length);
    System.arraycopy(answer, 0, tokens, PROMPT.length, answer.length);
    boolean[] sampled = new boolean[length];
    Arrays.fill(sampled, PROMPT.length, length, true);
    float[] logprobsOfTokens = new float[logprobs];
    int[] versions = new int[length];
    Arrays.fill(versions, 0, PROMPT.length, -1);
    for (int i = PROMPT.length; i < length; i++) {
      logprobsOfTokens[i] = -0.5f;
      versions[i] = Math.toIntExact(version);
    }
    return new PlayedBranch(tokens, sampled, logprobsOfTokens, versions, true, "stop", 1);
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
