package dev.freshet.fleet;

import dev.freshet.client.ScriptedServer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The completions of a {@link PeerServer}: {@value #TOKENS} tokens each, which the test lets go one
 * by one, and none while the server is paused.
 */
final class PeerGeneration {
  static final int TOKENS = 6;

  private static final Set<String> ROUTES =
      Set.of("/v1/completions", "/inference/v1/generate", "/generate");

  /** Whether vLLM was started with {@code --enable-scale-out}, and SGLang is of a new version. */
  volatile boolean reportsVersions;

  private final PeerServer server;
  private final Semaphore released = new Semaphore(0);

  PeerGeneration(PeerServer server) {
    this.server = server;
  }

  boolean has(String call) {
    return ROUTES.contains(call);
  }

  boolean streams(String body) {
    return body.contains("\"stream\":true");
  }

  /** Lets so many tokens go. */
  void release(int tokens) {
    released.release(tokens);
  }

  void serve(ScriptedServer.Connection connection) throws IOException, InterruptedException {
    String route = connection.path();
    boolean tokenIds = route.equals("/inference/v1/generate");
    if (tokenIds && !reportsVersions) {
      connection.json(
          "403 Forbidden",
          "{\"error\":{\"message\":\"Scale-out endpoints are disabled.\",\"type\":\"PermissionDeniedError\",\"code\":403}}");
      return;
    }
    if (connection.body().equals("{}")) {
      connection.json("400 Bad Request", "{\"error\":{\"message\":\"validation error\"}}");
      return;
    }
    connection.beginEvents();
    List<String> versions = new ArrayList<>();
    for (int token = 1; token <= TOKENS; token++) {
      released.acquire();
      while (server.paused || server.isStopped()) {
        LockSupport.parkNanos(1_000_000);
      }
      versions.add(server.name);
      boolean last = token == TOKENS;
      connection.event(
          switch (route) {
            case "/generate" -> sglang(versions, last);
            case "/inference/v1/generate" -> vllm(versions, last);
            default ->
                "{\"id\":\"c\",\"choices\":[{\"index\":0,\"text\":\"\",\"token_ids\":[%d],\"logprobs\":{\"token_logprobs\":[-1.0]},\"finish_reason\":%s}]}"
                    .formatted(token, last ? "\"stop\"" : "null");
          });
    }
    connection.endEventsWith("[DONE]");
  }

  private static String vllm(List<String> versions, boolean last) {
    return "{\"request_id\":\"c\",\"choices\":[{\"index\":0,\"token_ids\":[%d],\"weight_versions\":%s,\"logprobs\":{\"content\":[{\"token_id\":1,\"logprob\":-1.0}]},\"finish_reason\":%s}]}"
        .formatted(versions.size(), last ? spans(versions) : "null", last ? "\"stop\"" : "null");
  }

  private String sglang(List<String> versions, boolean last) {
    String ids =
        IntStream.rangeClosed(1, versions.size())
            .mapToObj(Integer::toString)
            .collect(Collectors.joining(","));
    String logprobs =
        IntStream.rangeClosed(1, versions.size())
            .mapToObj("[-1.0,%d,null]"::formatted)
            .collect(Collectors.joining(","));
    return "{\"text\":\"\",\"output_ids\":[%s],\"meta_info\":{\"id\":\"c\",\"finish_reason\":%s,\"completion_tokens\":%d,\"weight_version\":\"%s\",\"output_token_logprobs\":[%s]%s}}"
        .formatted(
            ids,
            last ? "{\"type\":\"stop\"}" : "null",
            versions.size(),
            server.name,
            logprobs,
            reportsVersions ? ",\"weight_versions\":" + spans(versions) : "");
  }

  private static String spans(List<String> versions) {
    return IntStream.range(0, versions.size())
        .mapToObj(
            i ->
                "{\"version\":\"%s\",\"start\":%d,\"end\":%d}".formatted(versions.get(i), i, i + 1))
        .collect(Collectors.joining(",", "[", "]"));
  }
}
