package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A session of an OpenEnv server: {@code reset}, a {@code step} for each answer, {@code close}. */
final class OpenEnvSession implements Episode {
  /** Python programs write {@code NaN}, which is no JSON: what it is the value of is then known. */
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private static final String CLOSE = "{\"type\":\"close\"}";

  private final HttpClient client;
  private final OpenEnvConfig config;
  private final URI url;
  private final long seed;
  private volatile Optional<TextSocket> socket = Optional.empty();

  /** It is no longer needed: a socket that opens only now is closed at once. */
  private boolean closed;

  private double reward;
  private int steps;

  OpenEnvSession(HttpClient client, OpenEnvConfig config, long seed) {
    this.client = client;
    this.config = config;
    this.url = URI.create(config.url().replaceFirst("^http", "ws").replaceFirst("/*$", "/ws"));
    this.seed = seed;
  }

  @Override
  public List<Message> begin() {
    try {
      TextSocket opened = new TextSocket(client, url, Duration.ofSeconds(config.deadlineS()));
      if (!take(opened)) {
        opened.close(CLOSE);
        throw new ForeignEnvironmentException(
            "%s: the session opened after it was given up".formatted(url));
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    JsonNode first = ask("reset", config.resetData(seed));
    if (first.path("done").asBoolean(false)) {
      throw new ForeignEnvironmentException(
          "%s: the episode of seed %d is over before its first step".formatted(url, seed));
    }
    Message observation = Message.user(observation(first));
    return config.instructions().isEmpty()
        ? List.of(observation)
        : List.of(Message.system(config.instructions()), observation);
  }

  @Override
  public Step next(Answer answer) {
    JsonNode step =
        ask("step", JsonNodeFactory.instance.objectNode().put(config.action(), answer.text()));
    steps++;
    return step.path("done").asBoolean(false)
        ? cutOff()
        : new Step.Next(List.of(Message.user(observation(step))));
  }

  @Override
  public Step.End cutOff() {
    return new Step.End(reward, Map.of("steps", (double) steps));
  }

  /** Sends a message and returns the data of the observation that answers it. */
  private JsonNode ask(String type, ObjectNode data) {
    ObjectNode message = JsonNodeFactory.instance.objectNode().put("type", type);
    message.set("data", data);
    JsonNode answer;
    try {
      answer = JSON.readTree(socket.orElseThrow().ask(message.toString()));
    } catch (JacksonException e) {
      throw new ForeignEnvironmentException(
          "%s answered %s with what is not JSON: %s".formatted(url, type, e.getOriginalMessage()),
          e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    JsonNode content = answer.path("data");
    if (!answer.path("type").asString("").equals("observation")) {
      throw new ForeignEnvironmentException(
          "%s answered %s with %s: %s %s"
              .formatted(
                  url,
                  type,
                  answer.path("type").asString("no type"),
                  content.path("code").asString(""),
                  content.path("message").asString("")));
    }
    reward += reward(content.path("reward"));
    return content;
  }

  private double reward(JsonNode value) {
    if (value.isNumber()) {
      return value.asDouble();
    }
    if (value.isBoolean()) {
      return value.asBoolean() ? 1 : 0;
    }
    if (value.isNull() || value.isMissingNode()) {
      return 0;
    }
    throw new UnusableStepException(
        Kind.REWARD, "%s: the reward %s: expected a number".formatted(url, shown(value)));
  }

  private String observation(JsonNode content) {
    JsonNode whole = content.path("observation");
    if (config.observation().isEmpty()) {
      return whole.toString();
    }
    JsonNode field = whole.path(config.observation());
    if (field.isMissingNode()) {
      throw new ForeignEnvironmentException(
          "%s: an observation without %s: expected a field of environment.openenv.observation, found %s"
              .formatted(url, config.observation(), whole.propertyNames()));
    }
    return field.isString() ? field.asString() : field.toString();
  }

  private static String shown(JsonNode value) {
    String text = value.toString();
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }

  private static ForeignEnvironmentException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new ForeignEnvironmentException("interrupted", e);
  }

  @Override
  public void close() {
    takeBack().ifPresent(open -> open.close(CLOSE));
  }

  private synchronized boolean take(TextSocket opened) {
    socket = closed ? Optional.empty() : Optional.of(opened);
    return !closed;
  }

  private synchronized Optional<TextSocket> takeBack() {
    closed = true;
    Optional<TextSocket> open = socket;
    socket = Optional.empty();
    return open;
  }
}
