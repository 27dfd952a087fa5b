package dev.freshet.server.session;

import dev.freshet.engine.GenerationRequest;
import java.util.List;
import java.util.Optional;

/**
 * The call that a turn answers.
 *
 * @param route the path of the request after the session's
 * @param requestId the id of the request
 * @param choice its index among the choices of the call
 * @param model the name of the model or adapter
 * @param sampling how its tokens were sampled
 * @param finishReason why it ended, as on the wire
 */
public record TurnCall(
    String route,
    String requestId,
    int choice,
    String model,
    Sampling sampling,
    String finishReason) {

  /**
   * How tokens are sampled: the parameters of a {@link GenerationRequest} without its prompt and
   * its constraint, which is in the body of the call.
   *
   * @param stop the strings that end the answer
   */
  public record Sampling(GenerationRequest request, List<String> stop) {
    private static final int[] NO_PROMPT = {};

    public Sampling {
      stop = List.copyOf(stop);
    }

    /** The parameters of a request. */
    public static Sampling of(GenerationRequest request, List<String> stop) {
      return new Sampling(
          new GenerationRequest(
              NO_PROMPT,
              request.maxTokens(),
              request.temperature(),
              request.topP(),
              request.topK(),
              request.minP(),
              request.seed(),
              request.stopTokens(),
              request.rules(),
              Optional.empty(),
              request.topLogprobs(),
              request.promptLogprobs(),
              request.logprobsMode(),
              request.priority(),
              request.cacheSalt(),
              request.adapter()),
          stop);
    }
  }
}
