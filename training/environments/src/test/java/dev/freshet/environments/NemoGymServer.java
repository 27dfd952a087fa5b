package dev.freshet.environments;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A resources server on a real socket that behaves as those of NeMo Gym do: {@code /seed_session}
 * sets a cookie, {@code /verify} requires it, repeats the request and adds a reward. The answer is
 * right if it is the row's {@code expected_answer}. Its tool {@code /add} adds to a sum of the
 * session and requires the cookie too.
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
  private final Map<String, Integer> sums = new ConcurrentHashMap<>();

  NemoGymServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.setExecutor(threads);
    server.createContext("/seed_session", this::seed);
    server.createContext("/verify", this::verify);
    server.createContext("/add", this::add);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** As with uvicorn, the body of a request that offers an upgrade is lost. */
  private static JsonNode body(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    boolean upgrade = exchange.getRequestHeaders().containsKey("Upgrade");
    return upgrade ? MissingNode.getInstance() : JSON.readTree(body);
  }

  private void seed(HttpExchange exchange) throws IOException {
    JsonNode row = body(exchange);
    if (row.isMissingNode()) {
      answer(exchange, 422, "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\"]}]}");
      return;
    }
    String session = "s" + sessions.incrementAndGet();
    expected.put(session, row.path("expected_answer").asString(""));
    exchange
        .getResponseHeaders()
        .add("Set-Cookie", "gym_session=" + session + "; path=/; httponly; samesite=lax");
    answer(exchange, status, "{}");
  }

  /** The session of the cookie; empty, and answered, if there is none. */
  private Optional<String> session(HttpExchange exchange) throws IOException {
    String cookie = exchange.getRequestHeaders().getFirst("Cookie");
    if (cookie == null || !expected.containsKey(cookie.replace("gym_session=", ""))) {
      answer(exchange, 500, "{\"detail\":\"no session\"}");
      return Optional.empty();
    }
    return Optional.of(cookie.replace("gym_session=", ""));
  }

  private void add(HttpExchange exchange) throws IOException {
    JsonNode number = body(exchange).path("number");
    Optional<String> session = session(exchange);
    if (session.isPresent() && !number.isInt()) {
      answer(exchange, 422, "{\"detail\":\"number: expected an integer\"}");
    } else if (session.isPresent()) {
      int sum = sums.merge(session.get(), number.asInt(), Integer::sum);
      answer(exchange, 200, "{\"sum\":%d}".formatted(sum));
    }
  }

  private void verify(HttpExchange exchange) throws IOException {
    JsonNode request = body(exchange);
    Optional<String> session = session(exchange);
    if (session.isEmpty()) {
      return;
    }
    verified.add(request);
    JsonNode output = request.at("/response/output");
    String text = output.path(output.size() - 1).at("/content/0/text").asString("");
    boolean right = text.equals(expected.get(session.get()));
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
