package dev.freshet.environments;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The routes of sessions as {@code docs/sessions.md} describes them, on a real socket. Every
 * session has captured the same calls. Calls of {@code /v1/responses} are answered as a test says.
 */
final class SessionServer implements AutoCloseable {
  /** One turn of two sampled tokens. */
  static final String ONE_TURN =
      """
      {"token_ids": [1, 2, 3, 4], "mask": [0, 0, 1, 1], "logprobs": [0, 0, -0.5, -0.25],
       "versions": [-1, -1, 7, 7],
       "turns": [{"turn": 1, "finish_reason": "stop", "prompt_tokens": 2, "completion_tokens": 2}]}
      """;

  final List<String> begun = new CopyOnWriteArrayList<>();
  final List<String> deleted = new CopyOnWriteArrayList<>();
  final List<String> asked = new CopyOnWriteArrayList<>();
  final Queue<String> responses = new ConcurrentLinkedQueue<>();
  volatile String branches = ONE_TURN;
  volatile boolean recordsSessions = true;

  private final Map<String, Double> rewards = new ConcurrentHashMap<>();
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  SessionServer() throws IOException {
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.setExecutor(threads);
    server.createContext(
        "/v1/models", exchange -> answer(exchange, 200, "{\"data\":[{\"id\":\"policy\"}]}"));
    server.createContext("/s/", this::session);
    server.start();
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  PolicyEndpoint policy(String session) {
    return new PolicyEndpoint(
        url(),
        Optional.empty(),
        Optional.of("key"),
        Optional.empty(),
        session,
        0.7,
        1,
        16,
        64,
        5,
        () -> 7);
  }

  void reward(String session, double reward) {
    rewards.put(session, reward);
  }

  private void session(HttpExchange exchange) throws IOException {
    String[] path = exchange.getRequestURI().getPath().split("/", 4);
    String session = path[2];
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    if (!recordsSessions
        || !"Bearer key".equals(exchange.getRequestHeaders().getFirst("authorization"))) {
      answer(exchange, 404, "{}");
    } else if (path.length == 4 && path[3].equals("v1/responses")) {
      asked.add(body);
      answer(exchange, 200, responses.remove());
    } else if (path.length == 4) {
      answer(exchange, rewards.containsKey(session) ? 200 : 404, "{}");
    } else {
      switch (exchange.getRequestMethod()) {
        case "PUT" -> {
          begun.add(body);
          answer(exchange, 201, "{}");
        }
        case "DELETE" -> {
          deleted.add(session);
          answer(exchange, 200, "{}");
        }
        default ->
            answer(
                exchange,
                200,
                "{%s\"broken_prefixes\":1,\"captured_branches\":[%s]}"
                    .formatted(
                        Optional.ofNullable(rewards.get(session))
                            .map("\"reward\":%s,"::formatted)
                            .orElse(""),
                        branches));
      }
    }
  }

  private static void answer(HttpExchange exchange, int status, String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
