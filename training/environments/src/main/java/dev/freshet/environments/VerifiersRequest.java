package dev.freshet.environments;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The MessagePack bodies of requests to an environment server of verifiers. */
final class VerifiersRequest {
  private static final JsonMapper JSON = new JsonMapper();

  private VerifiersRequest() {}

  /** The body of {@code health}. */
  static byte[] health() {
    return packed(JsonNodeFactory.instance.objectNode());
  }

  /** The body of {@code cancel}. */
  static byte[] cancel(String requestId) {
    return packed(JsonNodeFactory.instance.objectNode().put("request_id", requestId));
  }

  /**
   * The body of {@code run}: an episode whose turns are asked for by token ids. It carries no seed:
   * the program would give the same one to every turn, whose draws would then be the same.
   *
   * @param task the data of the task, JSON
   */
  static byte[] run(VerifiersConfig config, String task, PolicyEndpoint policy) {
    ObjectNode run = JsonNodeFactory.instance.objectNode();
    try {
      run.set("task_data", JSON.readTree(task));
    } catch (JacksonException e) {
      throw new ForeignEnvironmentException(
          "a task that is not JSON: %s".formatted(e.getOriginalMessage()), e);
    }
    String model = policy.model().orElse(config.model());
    run.putObject("client")
        .put("type", "train")
        .put("base_url", policy.openAiUrl())
        .put("api_key_var", config.apiKeyVar())
        .put("renderer_model_name", config.renderer().isEmpty() ? model : config.renderer());
    run.put("model", model);
    ObjectNode sampling =
        run.putObject("sampling")
            .put("temperature", policy.temperature())
            .put("top_p", policy.topP())
            .put("max_tokens", policy.maxTokens());
    policy.cacheSalt().ifPresent(salt -> sampling.put("cache_salt", salt));
    if (!policy.samplesTheModel()) {
      sampling.put("logprobs_mode", "processed_logprobs");
    }
    return packed(run);
  }

  /** A tree of JSON as MessagePack. */
  static byte[] packed(JsonNode node) {
    try (MessageBufferPacker packer = MessagePack.newDefaultBufferPacker()) {
      pack(packer, node);
      return packer.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // A buffer in memory has none.
    }
  }

  private static void pack(MessageBufferPacker packer, JsonNode node) throws IOException {
    switch (node.getNodeType()) {
      case OBJECT -> {
        Map<String, JsonNode> fields = new LinkedHashMap<>();
        node.properties().forEach(field -> fields.put(field.getKey(), field.getValue()));
        packer.packMapHeader(fields.size());
        for (Map.Entry<String, JsonNode> field : fields.entrySet()) {
          packer.packString(field.getKey());
          pack(packer, field.getValue());
        }
      }
      case ARRAY -> {
        packer.packArrayHeader(node.size());
        for (JsonNode element : node) {
          pack(packer, element);
        }
      }
      case STRING -> packer.packString(node.asString());
      case BOOLEAN -> packer.packBoolean(node.asBoolean());
      case NUMBER -> {
        if (node.isIntegralNumber()) {
          packer.packBigInteger(node.bigIntegerValue());
        } else {
          packer.packDouble(node.asDouble());
        }
      }
      default -> packer.packNil();
    }
  }
}
