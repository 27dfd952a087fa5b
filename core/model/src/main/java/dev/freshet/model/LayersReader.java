package dev.freshet.model;

import dev.freshet.trace.Quoted;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/** Reads in which layers of a {@code config.json} a window slides and queries are rotated. */
record LayersReader(JsonFields fields, ModelFamily family, int layers) {
  private static final int DEFAULT_MAX_WINDOW_LAYERS = 28;
  private static final int DEFAULT_SLIDING_WINDOW_PATTERN = 6;
  private static final int DEFAULT_NO_ROPE_INTERVAL = 4;

  /** The window of each layer; empty for none. */
  List<OptionalInt> windows() {
    OptionalInt window = window();
    requireAlike(window.isPresent());
    return sliding().stream().map(slides -> slides ? window : OptionalInt.empty()).toList();
  }

  /** The rotation of each layer; empty for none. */
  List<Optional<Rope>> ropes(RopeReader reader) {
    return switch (family) {
      case GEMMA3_TEXT -> {
        Optional<Rope> local = Optional.of(reader.local());
        Optional<Rope> global = Optional.of(reader.global());
        yield sliding().stream().map(slides -> slides ? local : global).toList();
      }
      case SMOLLM3 -> {
        Optional<Rope> rope = Optional.of(reader.rope());
        yield rotated().stream().map(rotates -> rotates ? rope : Optional.<Rope>empty()).toList();
      }
      case LLAMA, MISTRAL, QWEN2, QWEN3, PHI3 ->
          Collections.nCopies(layers, Optional.of(reader.rope()));
    };
  }

  /**
   * Refuses types of layers in a family whose layers are alike: transformers passes over them, and
   * other programs do not.
   */
  private void requireAlike(boolean windowed) {
    boolean alike = family == ModelFamily.LLAMA || family.windowOfAllLayers();
    if (!alike || !fields.has("sliding_window")) {
      return;
    }
    for (JsonNode type : fields.root().path("layer_types")) {
      if (isSliding(type) != windowed) {
        throw new ModelException(
            "layer_types has %s, and sliding_window is %d: expected %s in all layers of %s"
                .formatted(
                    Quoted.of(type.asString("")),
                    fields.number("sliding_window"),
                    windowed ? "sliding_attention" : "full_attention",
                    family.wireName()));
      }
    }
  }

  private OptionalInt window() {
    boolean used =
        switch (family) {
          case LLAMA -> false;
          case GEMMA3_TEXT -> true;
          case MISTRAL, PHI3 -> !fields.root().path("sliding_window").isNull();
          case QWEN2, QWEN3, SMOLLM3 ->
              fields.flag("use_sliding_window", false)
                  && !fields.root().path("sliding_window").isNull();
        };
    OptionalInt otherwise = FamilyDefaults.of(family).window();
    if (!used || (fields.root().path("sliding_window").isMissingNode() && otherwise.isEmpty())) {
      return OptionalInt.empty();
    }
    int window =
        fields.root().path("sliding_window").isMissingNode()
            ? otherwise.getAsInt()
            : fields.number("sliding_window");
    return OptionalInt.of((int) JsonFields.positive("sliding_window", window));
  }

  /** For each layer, whether the window slides in it, if there is one. */
  private List<Boolean> sliding() {
    if (family == ModelFamily.LLAMA || family.windowOfAllLayers()) {
      return each(layer -> true);
    }
    JsonNode types = fields.root().path("layer_types");
    if (types.isArray()) {
      return types.valueStream().map(LayersReader::isSliding).toList();
    }
    return switch (family) {
      case GEMMA3_TEXT -> {
        int pattern =
            (int)
                JsonFields.positive(
                    "sliding_window_pattern",
                    fields.number("sliding_window_pattern", DEFAULT_SLIDING_WINDOW_PATTERN));
        yield each(layer -> (layer + 1) % pattern != 0);
      }
      case SMOLLM3 -> rotated().stream().map(rotates -> !rotates).toList();
      default -> {
        int full = fields.number("max_window_layers", DEFAULT_MAX_WINDOW_LAYERS);
        yield each(layer -> layer >= full);
      }
    };
  }

  /** For each layer of SmolLM3, whether it rotates: {@code no_rope_layers} has 1 if it does. */
  private List<Boolean> rotated() {
    JsonNode listed = fields.root().path("no_rope_layers");
    if (!listed.isArray()) {
      int interval =
          (int)
              JsonFields.positive(
                  "no_rope_layer_interval",
                  fields.number("no_rope_layer_interval", DEFAULT_NO_ROPE_INTERVAL));
      return each(layer -> (layer + 1) % interval != 0);
    }
    List<Boolean> rotated = new ArrayList<>();
    for (JsonNode layer : listed) {
      if (!JsonFields.isInt(layer)) {
        throw new ModelException("no_rope_layers: expected 0 or 1 for each layer");
      }
      rotated.add(layer.asInt() != 0);
    }
    if (rotated.size() < layers) {
      throw new ModelException(
          "no_rope_layers has %d entries: expected %d".formatted(rotated.size(), layers));
    }
    return rotated.subList(0, layers);
  }

  private List<Boolean> each(IntPredicate predicate) {
    return IntStream.range(0, layers).mapToObj(predicate::test).toList();
  }

  private static boolean isSliding(JsonNode type) {
    return switch (type.asString("")) {
      case "sliding_attention" -> true;
      case "full_attention" -> false;
      default ->
          throw new ModelException(
              "layer_types has %s: expected full_attention or sliding_attention"
                  .formatted(Quoted.of(type.asString(""))));
    };
  }
}
