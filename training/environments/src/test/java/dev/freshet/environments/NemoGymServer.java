package dev.freshet.environments;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A resources server on a real socket that behaves as those of NeMo Gym do: {@code /seed_session}
 * sets a cookie, {@code /verify} requires it, repeats the request and adds a reward. The answer is
 * right if it is the row's {@code expected_answer}.
 */
final class NemoGymServer implements AutoCloseable {
  /** Changes what {@code /verify} answers. */
  interface Verdict {
    String of(ObjectNode verdict);
  }

  final List<JsonNode> verified = new CopyOnWriteArrayList<>();
  volatile int status = 200;
  volatile Verdict verdict = ObjectNode::toString;

  private static final JsonMapper JSON = new JsonMapper();

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger sessions = new AtomicInteger();
  private final Map<String, String> expected = new ConcurrentHashMap<>();

  NemoGymServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.setExecutor(threads);
    server.createContext("/seed_session", this::seed);
    server.createContext("/verify", this::verify);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  private void seed(HttpExchange exchange) throws IOException {
    JsonNode row = JSON.readTree(exchange.getRequestBody().readAllBytes());
    String session = "s" + sessions.incrementAndGet();
    expected.put(session, row.path("expected_answer").asString(""));
    exchange
        .getResponseHeaders()
        .add("Set-Cookie", "gym_session=" + session + "; path=/; httponly; samesite=lax");
    answer(exchange, status, "{}");
  }

  private void verify(HttpExchange exchange) throws IOException {
    JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
    String cookie = exchange.getRequestHeaders().getFirst("Cookie");
    if (cookie == null || !expected.containsKey(cookie.replace("gym_session=", ""))) {
      answer(exchange, 500, "{\"detail\":\"no session\"}");
      return;
    }
    verified.add(request);
    String text = request.at("/response/output/0/content/0/text").asString("");
    boolean right = text.equals(expected.get(cookie.replace("gym_session=", "")));
    ObjectNode verdictNode = (ObjectNode) request;
    verdictNode.put("reward", right ? 1.0 : 0.0);
    verdictNode.put("mask_sample", false);
    verdictNode.putNull("failure_kind");
    verdictNode.put("extracted_length", text.length());
    verdictNode.put("well_formed", right);
    answer(exchange, 200, verdict.of(verdictNode));
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    try (exchange) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
