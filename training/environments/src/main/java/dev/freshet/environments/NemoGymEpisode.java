package dev.freshet.environments;

import dev.freshet.environments.UnusableStepException.Kind;
import java.net.http.HttpClient;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * An attempt at a row of NeMo Gym: {@code seed_session} with the row, one answer of the policy,
 * {@code verify} with the row and the answer as a response of OpenAI's Responses API.
 */
final class NemoGymEpisode implements Episode {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String PARAMETERS = "responses_create_params";

  /** Fields of the answer to {@code verify} that are no figures of the attempt. */
  private static final Set<String> NO_FIGURES = Set.of("reward", "mask_sample");

  private final CookieSession session;
  private final ObjectNode row;
  private final InstantSource clock;

  NemoGymEpisode(HttpClient client, NemoGymConfig config, String line, InstantSource clock) {
    this.clock = clock;
    this.session = new CookieSession(client, config.url(), config.deadlineS());
    this.row = row(line);
  }

  private static ObjectNode row(String line) {
    JsonNode row;
    try {
      row = JSON.readTree(line);
    } catch (JacksonException e) {
      throw new ForeignEnvironmentException("a row that is not JSON: " + e.getOriginalMessage(), e);
    }
    if (!(row instanceof ObjectNode object) || !row.path(PARAMETERS).isObject()) {
      throw new ForeignEnvironmentException(
          "a row without %s: expected a row of a data set of NeMo Gym".formatted(PARAMETERS));
    }
    if (!row.path(PARAMETERS).path("tools").isEmpty()) {
      throw new ForeignEnvironmentException(
          "a row with tools, which this environment does not call: expected environment.name agent with examples/agent/nemo_gym.py");
    }
    return object;
  }

  @Override
  public List<Message> begin() {
    List<Message> messages = messages();
    JsonNode _ = session.post("seed_session", row);
    return messages;
  }

  private List<Message> messages() {
    JsonNode input = row.path(PARAMETERS).path("input");
    List<Message> messages = new ArrayList<>();
    JsonNode instructions = row.path(PARAMETERS).path("instructions");
    if (instructions.isString()) {
      messages.add(Message.system(instructions.asString()));
    }
    if (input.isString()) {
      messages.add(Message.user(input.asString()));
    }
    for (JsonNode item : input) {
      messages.add(message(item));
    }
    return messages;
  }

  private static Message message(JsonNode item) {
    String text = text(item.path("content"));
    return switch (item.path("role").asString("")) {
      case "system", "developer" -> Message.system(text);
      case "user" -> Message.user(text);
      case "assistant" -> Message.assistant(text);
      default ->
          throw new UnusableStepException(
              Kind.FORMAT,
              "an input item of the type %s and the role %s: expected messages of system, developer, user and assistant"
                  .formatted(
                      item.path("type").asString("message"), item.path("role").asString("none")));
    };
  }

  private static String text(JsonNode content) {
    if (content.isString()) {
      return content.asString();
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode part : content) {
      if (!part.path("text").isString()) {
        throw new UnusableStepException(
            Kind.FORMAT,
            "content of the type %s: expected text".formatted(part.path("type").asString("none")));
      }
      text.append(part.path("text").asString());
    }
    return text.toString();
  }

  @Override
  public Step next(Answer answer) {
    ObjectNode request = row.deepCopy();
    request.set("response", response(answer.text()));
    JsonNode verdict = session.post("verify", request);
    if (verdict.path("mask_sample").asBoolean(false)) {
      throw new ForeignEnvironmentException(
          "%s could not score the answer: %s %s"
              .formatted(
                  session,
                  verdict.path("failure_kind").asString(""),
                  verdict.path("failure_reason").asString("")));
    }
    JsonNode reward = verdict.path("reward");
    if (!reward.isNumber()) {
      throw new UnusableStepException(
          Kind.REWARD, "%s: the reward %s: expected a number".formatted(session, shown(reward)));
    }
    return new Step.End(reward.asDouble(), figures(verdict));
  }

  private ObjectNode response(String text) {
    JsonNode parameters = row.path(PARAMETERS);
    String id = UUID.randomUUID().toString().replace("-", "");
    ObjectNode response = JsonNodeFactory.instance.objectNode();
    response
        .put("id", "resp_" + id)
        .put("object", "response")
        .put("created_at", clock.millis() / 1e3)
        .put("model", parameters.path("model").asString("policy"))
        .put("status", "completed")
        .put("parallel_tool_calls", parameters.path("parallel_tool_calls").asBoolean(true));
    response.put("tool_choice", "auto");
    response.putArray("tools");
    ObjectNode message =
        response
            .putArray("output")
            .addObject()
            .put("id", "msg_" + id)
            .put("type", "message")
            .put("role", "assistant")
            .put("status", "completed");
    ObjectNode part = message.putArray("content").addObject();
    part.put("type", "output_text").put("text", text).putArray("annotations");
    return response;
  }

  /** Every number and flag of the verdict. */
  private static Map<String, Double> figures(JsonNode verdict) {
    Map<String, Double> figures = new HashMap<>();
    verdict
        .properties()
        .forEach(
            field -> {
              JsonNode value = field.getValue();
              if (!NO_FIGURES.contains(field.getKey()) && (value.isNumber() || value.isBoolean())) {
                figures.put(
                    field.getKey(),
                    value.isNumber() ? value.asDouble() : value.asBoolean() ? 1.0 : 0.0);
              }
            });
    return figures;
  }

  private static String shown(JsonNode value) {
    String text = value.toString();
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }
}
