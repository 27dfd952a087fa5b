package dev.freshet.environments;

import java.net.URI;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Where and how the program of a {@link SelfDrivenEnvironment} asks for turns of the policy.
 *
 * @param server the root of the server's API; OpenAI's routes are below its {@code /v1}
 * @param model the model that requests name; empty for the server's own
 * @param apiKey the key that the server requires; empty if none
 * @param cacheSalt what requests carry so that they reuse no prefix of other weights; empty if
 *     nothing
 * @param session a name that no other episode of the run has, with letters, digits and hyphens only
 * @param temperature of the policy's turns
 * @param topP nucleus mass in (0, 1]
 * @param maxTokens the most tokens of a turn
 * @param mostTokens the most tokens of an episode, prompt and answers together
 * @param seed of the sampling
 * @param policyVersion the version that turns which begin now are sampled from, as far as the
 *     caller knows; it never falls
 */
public record PolicyEndpoint(
    URI server,
    Optional<String> model,
    Optional<String> apiKey,
    Optional<String> cacheSalt,
    String session,
    double temperature,
    double topP,
    int maxTokens,
    int mostTokens,
    long seed,
    LongSupplier policyVersion) {
  /** Whether tokens are drawn from the model's own distribution, neither flattened nor cut. */
  public boolean samplesTheModel() {
    return temperature == 1 && topP == 1;
  }

  /** The URL of OpenAI's routes. */
  public String openAiUrl() {
    return server.toString().replaceFirst("/*$", "/v1");
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "PolicyEndpoint[%s, session %s]".formatted(server, session);
  }
}
