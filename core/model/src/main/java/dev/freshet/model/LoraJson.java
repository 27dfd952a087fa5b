package dev.freshet.model;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.ModelFile;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads and writes {@link LoraSizes} as the {@code adapter_config.json} of PEFT. Any setting that
 * changes what an adapter computes, and that Freshet does not implement, is an error.
 */
final class LoraJson {
  static final String FILE_NAME = "adapter_config.json";

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Settings of training, or that only choose the layers, which the names of the tensors state too.
   */
  private static final Set<String> NEUTRAL =
      Set.of(
          "task_type",
          "auto_mapping",
          "peft_version",
          "base_model_name_or_path",
          "revision",
          "inference_mode",
          "target_modules",
          "exclude_modules",
          "layers_to_transform",
          "layers_pattern",
          "lora_dropout",
          "megatron_core",
          "qalora_group_size",
          "ensure_weight_tying");

  private static final Set<String> READ =
      Set.of(
          "peft_type",
          "r",
          "lora_alpha",
          "rank_pattern",
          "alpha_pattern",
          "use_rslora",
          "bias",
          "init_lora_weights");

  /** Initializations that leave the base model as it is. */
  private static final Set<String> PLAIN_STARTS = Set.of("gaussian", "eva", "orthogonal");

  private LoraJson() {}

  /**
   * Reads the file in an adapter's directory.
   *
   * @throws ModelException if the file cannot be read, or the adapter is not supported
   */
  static LoraSizes read(Path dir) {
    Path file = dir.resolve(FILE_NAME);
    try {
      JsonNode root = ModelFile.json(file, ModelFile.Kind.CONFIG);
      if (!root.isObject()) {
        throw new ModelException(
            "holds %s, expected a JSON object".formatted(ModelFile.typeOf(root)));
      }
      return config(root);
    } catch (CheckpointException e) {
      throw new ModelException(String.valueOf(e.getMessage()), e);
    } catch (ModelException e) {
      throw new ModelException(file + ": " + e.getMessage(), e);
    }
  }

  /** Whether PEFT was asked to adapt a tied embedding together with the head. */
  static boolean ensuresTying(Path dir) {
    return ModelFile.json(dir.resolve(FILE_NAME), ModelFile.Kind.CONFIG)
        .path("ensure_weight_tying")
        .asBoolean(false);
  }

  private static LoraSizes config(JsonNode root) {
    JsonFields fields = new JsonFields(root);
    String type = fields.text("peft_type", "LORA");
    if (!type.equals("LORA")) {
      throw new ModelException(
          "peft_type %s is not supported: expected LORA".formatted(Quoted.of(type)));
    }
    String bias = fields.has("bias") ? fields.text("bias", "none") : "none";
    if (!bias.equals("none")) {
      throw new ModelException(
          "bias %s is not supported: expected none".formatted(Quoted.of(bias)));
    }
    JsonNode start = root.path("init_lora_weights");
    if (start.isString() && !PLAIN_STARTS.contains(start.asString())) {
      throw new ModelException(
          "init_lora_weights %s is not supported: it changes the base model; convert the adapter with PEFT's save_pretrained(path_initial_model_for_weight_conversion=…)"
              .formatted(Quoted.of(start.asString())));
    }
    for (Map.Entry<String, JsonNode> setting : root.properties()) {
      String key = setting.getKey();
      if (!NEUTRAL.contains(key) && !READ.contains(key) && !isUnset(setting.getValue())) {
        throw new ModelException(
            "%s is not supported: expected it to be absent, null, false or empty"
                .formatted(Quoted.of(key)));
      }
    }
    return new LoraSizes(
        new LoraConfig(
            fields.number("r"), fields.decimal("lora_alpha"), fields.flag("use_rslora", false)),
        byPattern(fields, "rank_pattern", JsonFields::number),
        byPattern(fields, "alpha_pattern", JsonFields::decimal));
  }

  /** The values of an object that is a setting, in its order; empty if it is absent or null. */
  private static <T> Map<String, T> byPattern(
      JsonFields fields, String key, BiFunction<JsonFields, String, T> value) {
    if (!fields.has(key)) {
      return Map.of();
    }
    JsonNode node = fields.root().path(key);
    if (!node.isObject()) {
      throw new ModelException(
          "%s is %s: expected an object".formatted(key, ModelFile.typeOf(node)));
    }
    JsonFields patterns = fields.object(key);
    Map<String, T> values = new LinkedHashMap<>();
    try {
      node.propertyNames().forEach(name -> values.put(name, value.apply(patterns, name)));
    } catch (ModelException e) {
      throw new ModelException(key + ": " + e.getMessage(), e);
    }
    return values;
  }

  private static boolean isUnset(JsonNode value) {
    return value.isNull()
        || (value.isBoolean() && !value.asBoolean())
        || (value.isContainer() && value.isEmpty());
  }

  /**
   * The content of a file that PEFT loads.
   *
   * @param targets the names of the adapted layers, without the layer's number
   * @param base the directory or name of the base model
   */
  static byte[] write(LoraSizes sizes, Collection<String> targets, String base) {
    ObjectNode root = JSON.createObjectNode();
    root.put("peft_type", "LORA");
    root.put("task_type", "CAUSAL_LM");
    root.put("base_model_name_or_path", base);
    root.put("inference_mode", true);
    root.put("r", sizes.common().rank());
    root.put("lora_alpha", sizes.common().alpha());
    root.put("use_rslora", sizes.common().rankStabilized());
    sizes.ranks().forEach(root.putObject("rank_pattern")::put);
    sizes.alphas().forEach(root.putObject("alpha_pattern")::put);
    root.put("lora_dropout", 0.0);
    root.put("bias", "none");
    root.put("fan_in_fan_out", false);
    root.putNull("modules_to_save");
    targets.forEach(root.putArray("target_modules")::add);
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
  }
}
