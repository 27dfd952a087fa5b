package dev.freshet.orchestrator;

import dev.freshet.fleet.ServerAddress;
import dev.freshet.wire.AdminToken;
import java.util.List;
import java.util.Optional;

/**
 * What an orchestrator is told. Messages of a refused value begin with the component's name.
 *
 * @param servers the inference servers, at least one
 * @param adminToken what the servers' weight operations must carry, if anything
 * @param groupSize rollouts a group, all of one problem
 * @param groupsPerBatch groups a training batch
 * @param asyncLevel the greatest staleness a group may have in its batch: (step − 1) − policy
 *     version at its dispatch
 * @param steps training batches in all; the run ends when the weights of the last are served
 * @param maxInflightGroups the most groups generating at once
 * @param temperature of the rollouts' sampling
 * @param topP of the rollouts' sampling
 * @param maxTokens the most tokens a turn
 * @param filterZeroAdvantage whether groups whose rewards are all equal are left out
 * @param advantage how advantages are computed
 * @param evalProblems held-out problems an evaluation; 0 for none at all
 * @param evalEvery policy versions between evaluations besides those at start and end; 0 for none
 * @param evalTemperature of the evaluation's sampling
 * @param startDeadlineS seconds until every server has to be healthy at the start
 * @param requestDeadlineS seconds one completion may take
 * @param updateDeadlineS seconds one server may take for a weight update, retries included
 * @param trainerDeadlineS seconds without new weights, once nothing can go on without them, after
 *     which the trainer counts as failed
 * @param seed of the sampling of rollouts and evaluations
 */
public record OrchestratorConfig(
    List<ServerAddress> servers,
    Optional<AdminToken> adminToken,
    int groupSize,
    int groupsPerBatch,
    int asyncLevel,
    long steps,
    int maxInflightGroups,
    double temperature,
    double topP,
    int maxTokens,
    boolean filterZeroAdvantage,
    Advantage advantage,
    int evalProblems,
    long evalEvery,
    double evalTemperature,
    long startDeadlineS,
    long requestDeadlineS,
    long updateDeadlineS,
    long trainerDeadlineS,
    long seed) {

  public OrchestratorConfig {
    servers = List.copyOf(servers);
    require(!servers.isEmpty(), "servers", servers, "at least one");
    require(servers.stream().distinct().count() == servers.size(), "servers", servers, "each once");
    require(groupSize >= 1, "groupSize", groupSize, "at least 1");
    require(
        groupSize >= 2 || !filterZeroAdvantage,
        "groupSize",
        groupSize,
        "at least 2 with filterZeroAdvantage: a rollout alone has no advantage");
    require(groupsPerBatch >= 1, "groupsPerBatch", groupsPerBatch, "at least 1");
    require(asyncLevel >= 0, "asyncLevel", asyncLevel, "at least 0");
    require(steps >= 1, "steps", steps, "at least 1");
    require(maxInflightGroups >= 1, "maxInflightGroups", maxInflightGroups, "at least 1");
    require(
        temperature >= 0 && Double.isFinite(temperature), "temperature", temperature, "0 or more");
    require(topP > 0 && topP <= 1, "topP", topP, "more than 0 and at most 1");
    require(maxTokens >= 1, "maxTokens", maxTokens, "at least 1");
    require(evalProblems >= 0, "evalProblems", evalProblems, "0 or more");
    require(evalEvery >= 0, "evalEvery", evalEvery, "0 or more");
    require(
        evalTemperature >= 0 && Double.isFinite(evalTemperature),
        "evalTemperature",
        evalTemperature,
        "0 or more");
    require(startDeadlineS >= 1, "startDeadlineS", startDeadlineS, "at least 1");
    require(requestDeadlineS >= 1, "requestDeadlineS", requestDeadlineS, "at least 1");
    require(updateDeadlineS >= 1, "updateDeadlineS", updateDeadlineS, "at least 1");
    require(trainerDeadlineS >= 1, "trainerDeadlineS", trainerDeadlineS, "at least 1");
  }

  private static void require(boolean holds, String component, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "%s %s: expected %s".formatted(component, value, expected));
    }
  }
}
