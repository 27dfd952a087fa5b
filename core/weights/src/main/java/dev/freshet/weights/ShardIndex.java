package dev.freshet.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The {@code model.safetensors.index.json} of a sharded checkpoint, which maps each tensor to a
 * file of the directory.
 *
 * @param shardOf file name by tensor name, in the order of the index
 */
record ShardIndex(Path file, Map<String, String> shardOf) {
  static final String FILE_NAME = "model.safetensors.index.json";

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .build();

  static ShardIndex read(Path file) {
    JsonNode map;
    try {
      map = JSON.readTree(Files.readAllBytes(file)).path("weight_map");
    } catch (JacksonException e) {
      throw new CheckpointException(
          "%s: not valid JSON: %s".formatted(file, e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read: %s".formatted(file, DurableFiles.reason(e)), e);
    }
    if (!map.isObject() || map.isEmpty()) {
      throw new CheckpointException(
          "%s: no weight_map, expected an object of tensor name → file name".formatted(file));
    }
    Map<String, String> shardOf = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : map.properties()) {
      JsonNode shard = field.getValue();
      if (!shard.isString() || !isPlainName(shard.stringValue())) {
        throw new CheckpointException(
            "%s: tensor '%s': shard is %s, expected the name of a .safetensors file in the same directory"
                .formatted(file, field.getKey(), shard));
      }
      shardOf.put(field.getKey(), shard.stringValue());
    }
    return new ShardIndex(file, shardOf);
  }

  private static boolean isPlainName(String name) {
    return name.endsWith(".safetensors") && !name.contains("/") && !name.contains("\\");
  }
}
