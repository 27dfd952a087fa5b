package dev.freshet.fleet;

import dev.freshet.client.ScriptedServer;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Servers on real sockets that answer as inference server programs do. */
final class Peers {
  /** The answer of a route that fails with 500. */
  static final String FAILS = "500";

  static final String VLLM_LOAD = "/collective_rpc";
  static final String VLLM_RESET = "/reset_prefix_cache";

  /** A vLLM with no running completions, which a prefix cache reset needs. */
  static final Map<String, String> VLLM =
      Map.of(
          "/pause",
          "{\"status\":\"paused\"}",
          VLLM_LOAD,
          "{\"results\":[null]}",
          VLLM_RESET,
          "{\"success\":true}",
          "/update_weight_version",
          "{\"success\":true}",
          "/resume",
          "{\"status\":\"resumed\"}",
          "/weight_info",
          "{\"weight_version\":\"default\"}");

  /** A vLLM with running completions. */
  static final Map<String, String> BUSY_VLLM =
      with(
          with(VLLM, VLLM_RESET, "{\"success\":false}"),
          VLLM_RESET + "?reset_running_requests=true",
          "{\"success\":true}");

  static final String SGLANG_LOAD = "/update_weights_from_disk";
  static final Map<String, String> SGLANG =
      Map.of(
          "/pause_generation",
          "{}",
          SGLANG_LOAD,
          "{\"success\":true,\"message\":\"Succeeded\",\"num_paused_requests\":0}",
          "/continue_generation",
          "{}",
          "/model_info",
          "{\"model_path\":\"/w\",\"weight_version\":\"7\"}");

  static final Map<String, String> PRIME_RL =
      Map.of("/pause", "{}", "/update_weights", "{\"status\":\"ok\"}", "/resume", "{}");

  static final String FRESHET_UPDATE = "/update_weights";

  private Peers() {}

  /** A Freshet server that serves {@code version} once updated. */
  static Map<String, String> freshet(long version) {
    return Map.of(FRESHET_UPDATE, freshetAnswer(version));
  }

  static String freshetAnswer(long version) {
    return "{\"status\":\"ok\",\"rpc_ms\":1,\"weight_version\":\"%d\"}".formatted(version);
  }

  /** The routes of that program, which serves version 8 once updated. */
  static Map<String, String> routes(Dialect dialect) {
    return switch (dialect.name()) {
      case "freshet" -> freshet(8);
      case "vllm" -> VLLM;
      case "sglang" -> SGLANG;
      case "prime-rl" -> PRIME_RL;
      default -> throw new AssertionError("no peer of dialect " + dialect.name());
    };
  }

  static Map<String, String> without(Map<String, String> routes, String route) {
    Map<String, String> rest = new HashMap<>(routes);
    rest.remove(route);
    return rest;
  }

  static Map<String, String> with(Map<String, String> routes, String route, String answer) {
    Map<String, String> changed = new HashMap<>(routes);
    changed.put(route, answer);
    return changed;
  }

  static ScriptedServer serve(Map<String, String> routes) throws IOException {
    return serve(0, routes, "none");
  }

  /**
   * A server.
   *
   * @param port 0 for any
   * @param routes each route's answer, by its path, or by path and query if they differ
   * @param hanging the route that never answers
   */
  static ScriptedServer serve(int port, Map<String, String> routes, String hanging)
      throws IOException {
    return new ScriptedServer(
        port,
        connection -> {
          if (!connection.readRequest()) {
            return;
          }
          String path = connection.path();
          String answer = routes.getOrDefault(connection.target(), routes.get(path));
          if (path.equals(hanging)) {
            connection.awaitEnd();
          } else if (answer == null) {
            connection.json("404 Not Found", "{\"detail\":\"Not Found\"}");
          } else if (answer.equals(FAILS)) {
            connection.json("500 Internal Server Error", "{\"error\":\"a worker failed\"}");
          } else {
            connection.json("200 OK", answer);
          }
        });
  }

  /** The routes, and {@code GET /v1/models} and {@code /model_info} that report a directory. */
  static Map<String, String> serving(Map<String, String> routes, String directory) {
    return with(
        with(
            routes,
            "/v1/models",
            "{\"object\":\"list\",\"data\":[{\"id\":\"lora\",\"root\":\"/adapters/lora\",\"parent\":\"policy\"},"
                + "{\"id\":\"policy\",\"root\":\"%s\",\"parent\":null,\"permission\":[{\"id\":\"p\"}]}]}"
                    .formatted(directory)),
        "/model_info",
        "{\"model_path\":\"%s\",\"weight_version\":\"7\"}".formatted(directory));
  }

  /** The paths of the requests so far, with their queries. */
  static List<String> paths(ScriptedServer server) {
    return server.requests().stream().map(request -> request.split(" ", 3)[1]).toList();
  }
}
