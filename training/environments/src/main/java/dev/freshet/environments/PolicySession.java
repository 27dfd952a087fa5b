package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The session of one episode on the policy's server, which records the calls of a program with
 * exactly the tokens that were sampled. Every request has a deadline. A server that fails is a
 * {@link PolicyCallException}; one that records no sessions is a {@link
 * ForeignEnvironmentException}. Thread-safe.
 */
final class PolicySession {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration DEADLINE = Duration.ofSeconds(30);

  /** The most bytes of an answer. */
  private static final int MOST_BYTES = 64 << 20;

  private final HttpClient client;
  private final PolicyEndpoint policy;
  private final String root;

  PolicySession(HttpClient client, PolicyEndpoint policy) {
    this.client = client;
    this.policy = policy;
    this.root = policy.server().toString().replaceFirst("/*$", "");
  }

  /** The URL of the session. */
  String url() {
    return root + "/s/" + policy.session();
  }

  /** Begins the session: its calls are sampled as the policy's turns, whatever they ask for. */
  void begin() throws InterruptedException {
    ObjectNode sampling =
        JsonNodeFactory.instance
            .objectNode()
            .put("temperature", policy.temperature())
            .put("top_p", policy.topP())
            .put("max_tokens", policy.maxTokens())
            .put("seed", policy.seed());
    HttpResponse<byte[]> answer =
        send(request(url()).PUT(HttpRequest.BodyPublishers.ofString(sampling.toString())).build());
    if (answer.statusCode() == 404 || answer.statusCode() == 405) {
      throw new ForeignEnvironmentException(
          "server %s records no sessions (PUT /s/… is answered %d): expected a server started by freshet serve or freshet run"
              .formatted(policy.server(), answer.statusCode()));
    }
    require(answer, "begin the session");
  }

  /** The name of the model that requests must have. */
  String model() throws InterruptedException {
    if (policy.model().isPresent()) {
      return policy.model().get();
    }
    JsonNode models = require(send(request(root + "/v1/models").build()), "name its models");
    return models.at("/data/0/id").asString("");
  }

  /** Whether the session has ended with a reward. */
  CompletableFuture<Boolean> rewarded() {
    return client
        .sendAsync(request(url() + "/reward").build(), HttpResponse.BodyHandlers.discarding())
        .handle((answer, failure) -> failure == null && answer.statusCode() == 200);
  }

  /** What was recorded; empty if the program called nothing. */
  Optional<CapturedSession> capture() throws InterruptedException {
    HttpResponse<byte[]> answer = send(request(url()).build());
    if (answer.statusCode() == 404) {
      return Optional.empty();
    }
    return Optional.of(CapturedSession.of(require(answer, "give the capture of the session")));
  }

  /** Ends the session and its running calls, if the server can be reached. */
  void delete() throws InterruptedException {
    try {
      var _ = send(request(url()).DELETE().build());
    } catch (PolicyCallException e) {
      // The server forgets it by itself.
    }
  }

  private HttpRequest.Builder request(String url) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(DEADLINE);
    policy.apiKey().ifPresent(key -> request.header("authorization", "Bearer " + key));
    return request;
  }

  private HttpResponse<byte[]> send(HttpRequest request) throws InterruptedException {
    try {
      return client.send(
          request,
          HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MOST_BYTES));
    } catch (IOException e) {
      throw new PolicyCallException(
          "%s %s: no answer: %s".formatted(request.method(), request.uri(), e));
    }
  }

  private JsonNode require(HttpResponse<byte[]> answer, String what) {
    int status = answer.statusCode();
    if (status >= 500 || status == 429) {
      throw new PolicyCallException(
          "server %s cannot %s: HTTP %d: %s"
              .formatted(policy.server(), what, status, excerpt(answer)));
    }
    if (status < 200 || status >= 300) {
      throw new ForeignEnvironmentException(
          "server %s cannot %s: HTTP %d: %s"
              .formatted(policy.server(), what, status, excerpt(answer)));
    }
    try {
      return JSON.readTree(answer.body());
    } catch (JacksonException e) {
      throw new UnusableStepException(
          Kind.FORMAT,
          "server %s: asked to %s, it answered with what is not JSON: %s"
              .formatted(policy.server(), what, e.getOriginalMessage()),
          e);
    }
  }

  private static String excerpt(HttpResponse<byte[]> answer) {
    String text = new String(answer.body(), StandardCharsets.UTF_8).strip();
    return text.length() <= 300 ? text : text.substring(0, 300) + "…";
  }
}
