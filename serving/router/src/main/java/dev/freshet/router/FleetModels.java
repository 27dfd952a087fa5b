package dev.freshet.router;

import dev.freshet.fleet.ElasticFleet;
import dev.freshet.fleet.ServerAddress;
import dev.freshet.wire.AdminToken;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The models of the fleet, asked of every replica that serves: the list of the first, in which a
 * {@code max_model_len} is the smallest that a replica has for the model, so that a request of that
 * length fits wherever it goes.
 */
final class FleetModels {
  static final String ROUTE = "/v1/models";
  private static final String LENGTH = "max_model_len";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ElasticFleet fleet;

  FleetModels(ElasticFleet fleet) {
    this.fleet = fleet;
  }

  /**
   * The answer to a client, as the first replica wrote it unless a length differs; empty if no
   * replica has answered.
   *
   * @param authorization of the client, which the replicas get
   */
  CompletableFuture<Optional<byte[]>> list(String authorization) {
    return fleet.ask(ROUTE, token(authorization)).thenApply(FleetModels::merged);
  }

  /** The id of the first model of each replica that is not an adapter. */
  CompletableFuture<Map<ServerAddress, String>> names() {
    return fleet
        .ask(ROUTE, Optional.empty())
        .thenApply(
            answers -> {
              Map<ServerAddress, String> names = new LinkedHashMap<>();
              answers.forEach(
                  (address, body) ->
                      models(body).stream()
                          .filter(model -> !model.path("parent").isString())
                          .findFirst()
                          .ifPresent(model -> names.put(address, id(model))));
              return names;
            });
  }

  private static Optional<AdminToken> token(String authorization) {
    int space = authorization.indexOf(' ');
    try {
      return space < 0
          ? Optional.empty()
          : Optional.of(new AdminToken(authorization.substring(space + 1).strip()));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // No key that a server could have.
    }
  }

  private static Optional<byte[]> merged(Map<ServerAddress, byte[]> answers) {
    Optional<byte[]> first = answers.values().stream().findFirst();
    return first.map(body -> shortened(body, answers.values()));
  }

  private static byte[] shortened(byte[] body, Collection<byte[]> all) {
    JsonNode root;
    try {
      root = JSON.readTree(body);
    } catch (JacksonException e) {
      return body;
    }
    boolean changed = false;
    for (JsonNode model : root.path("data")) {
      OptionalLong least = least(id(model), all);
      if (model instanceof ObjectNode object
          && least.isPresent()
          && least.getAsLong() != model.path(LENGTH).asLong(-1)) {
        object.put(LENGTH, least.getAsLong());
        changed = true;
      }
    }
    return changed ? JSON.writeValueAsBytes(root) : body;
  }

  private static OptionalLong least(String id, Collection<byte[]> all) {
    return all.stream()
        .flatMap(body -> models(body).stream())
        .filter(model -> id(model).equals(id) && model.path(LENGTH).isIntegralNumber())
        .mapToLong(model -> model.path(LENGTH).asLong())
        .min();
  }

  private static String id(JsonNode model) {
    return model.path("id").asString("");
  }

  private static List<JsonNode> models(byte[] body) {
    try {
      return JSON.readTree(body).path("data").valueStream().toList();
    } catch (JacksonException e) {
      return List.of();
    }
  }
}
