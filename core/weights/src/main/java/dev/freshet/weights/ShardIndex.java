package dev.freshet.weights;

import dev.freshet.trace.Quoted;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * The {@code model.safetensors.index.json} of a sharded checkpoint, which maps each tensor to a
 * file of the directory.
 *
 * @param shardOf file name by tensor name, in the order of the index
 */
record ShardIndex(Path file, Map<String, String> shardOf) {
  static final String FILE_NAME = "model.safetensors.index.json";

  /** Every shard stays open while its checkpoint is. The largest published models have 200. */
  private static final int MOST_SHARDS = 512;

  static ShardIndex read(Path file) {
    JsonNode map = ModelFile.json(file, ModelFile.Kind.INDEX).path("weight_map");
    if (!map.isObject() || map.isEmpty()) {
      throw new CheckpointException(
          "%s: no weight_map, expected an object of tensor name → file name".formatted(file));
    }
    Map<String, String> shardOf = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : map.properties()) {
      JsonNode shard = field.getValue();
      if (!shard.isString() || !isShard(shard.stringValue())) {
        throw new CheckpointException(
            "%s: tensor %s: shard is %s, expected the name of a .safetensors file in the same directory"
                .formatted(
                    file,
                    Quoted.of(field.getKey()),
                    shard.isString() ? Quoted.of(shard.stringValue()) : ModelFile.typeOf(shard)));
      }
      shardOf.put(field.getKey(), shard.stringValue());
    }
    long shards = shardOf.values().stream().distinct().count();
    if (shards > MOST_SHARDS) {
      throw new CheckpointException(
          "%s: names %d shards, expected at most %d".formatted(file, shards, MOST_SHARDS));
    }
    return new ShardIndex(file, shardOf);
  }

  private static boolean isShard(String name) {
    return name.endsWith(".safetensors") && ModelFile.isPlainName(name);
  }
}
