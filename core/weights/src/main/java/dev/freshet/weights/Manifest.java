package dev.freshet.weights;

import dev.freshet.trace.Quoted;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The {@code manifest.json} of a published checkpoint. A reader must check the checkpoint against
 * it before it swaps to the weights.
 *
 * <pre>{@code
 * {"step": 3, "base_version": 2,
 *  "files": {"model.safetensors": 123456, "config.json": 700},
 *  "tensors": {"lm_head.weight": {"dtype": "F32", "shape": [512, 64], "crc32c": "0badcafe"}}}
 * }</pre>
 *
 * @param step the policy version of these weights
 * @param baseVersion the policy version from which the optimizer step was taken
 * @param files size in bytes of every file by name, except the manifest and {@code STABLE}
 * @param tensors every tensor by name
 */
public record Manifest(
    long step, long baseVersion, Map<String, Long> files, Map<String, TensorEntry> tensors) {
  /** The file name in a checkpoint directory. */
  public static final String FILE_NAME = "manifest.json";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  public Manifest {
    files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /** The file's content. */
  byte[] toJson() {
    ObjectNode root = JSON.createObjectNode();
    root.put("step", step).put("base_version", baseVersion);
    ObjectNode sizes = root.putObject("files");
    files.forEach(sizes::put);
    ObjectNode entries = root.putObject("tensors");
    tensors.forEach(
        (name, tensor) -> {
          ObjectNode entry = entries.putObject(name).put("dtype", tensor.dtype().wireName());
          ArrayNode shape = entry.putArray("shape");
          tensor.shape().forEach(shape::add);
          entry.put("crc32c", HexFormat.of().toHexDigits(tensor.crc32c()));
        });
    return JSON.writeValueAsBytes(root);
  }

  /**
   * Reads a manifest.
   *
   * @throws CheckpointException if the file is missing, unreadable or not as described above
   */
  public static Manifest read(Path file) {
    JsonNode root = ModelFile.json(file, ModelFile.Kind.MANIFEST);
    Map<String, Long> files = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : object(file, root, "files").properties()) {
      String where = "files." + Quoted.of(field.getKey());
      if (!ModelFile.isPlainName(field.getKey())) {
        throw new CheckpointException(
            "%s: %s: expected the name of a file in the same directory".formatted(file, where));
      }
      files.put(field.getKey(), count(file, where, field.getValue()));
    }
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : object(file, root, "tensors").properties()) {
      tensors.put(field.getKey(), tensor(file, field.getKey(), field.getValue()));
    }
    return new Manifest(
        count(file, "step", root.path("step")),
        count(file, "base_version", root.path("base_version")),
        files,
        tensors);
  }

  private static TensorEntry tensor(Path file, String name, JsonNode node) {
    String where = "tensors." + Quoted.of(name);
    JsonNode type = node.path("dtype");
    DType dtype =
        DType.ofWireName(type.asString(""))
            .orElseThrow(() -> wrong(file, where + ".dtype", type, "one of " + DType.known()));
    JsonNode dimensions = node.path("shape");
    if (!dimensions.isArray()) {
      throw wrong(file, where + ".shape", dimensions, "an array of non-negative integers");
    }
    List<Long> shape = new ArrayList<>();
    for (JsonNode dimension : dimensions) {
      shape.add(count(file, where + ".shape", dimension));
    }
    JsonNode crc = node.path("crc32c");
    if (!crc.isString() || !crc.stringValue().matches("[0-9a-f]{8}")) {
      throw wrong(file, where + ".crc32c", crc, "8 lower-case hexadecimal characters");
    }
    return new TensorEntry(dtype, shape, HexFormat.fromHexDigits(crc.stringValue()));
  }

  private static JsonNode object(Path file, JsonNode root, String field) {
    if (!root.path(field).isObject()) {
      throw wrong(file, field, root.path(field), "an object");
    }
    return root.path(field);
  }

  private static long count(Path file, String field, JsonNode node) {
    if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
      throw wrong(file, field, node, "a non-negative integer");
    }
    return node.longValue();
  }

  private static CheckpointException wrong(
      Path file, String field, JsonNode found, String expected) {
    return new CheckpointException(
        "%s: %s is %s, expected %s".formatted(file, field, ModelFile.typeOf(found), expected));
  }
}
