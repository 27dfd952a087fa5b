package dev.freshet.model;

import dev.freshet.trace.Quoted;
import java.util.List;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the rotary settings of a {@code config.json} in both forms: {@code rope_theta} with {@code
 * rope_scaling}, and {@code rope_parameters}. Values are found where transformers finds them.
 *
 * @param root the whole configuration
 * @param maxPositions its {@code max_position_embeddings}
 */
record RopeReader(JsonFields root, ModelFamily family, int maxPositions) {
  private static final String ORIGINAL = "original_max_position_embeddings";
  private static final int PHI3_ORIGINAL = 4096;

  /** The settings of a model whose layers rotate alike. */
  Rope rope() {
    // If a file has both, transformers uses the older one.
    JsonFields older = root.object("rope_scaling");
    JsonFields rope =
        older.root().isObject() && !older.root().isEmpty() ? older : root.object("rope_parameters");
    if (rope.has("full_attention") || rope.has("sliding_attention")) {
      throw new ModelException(
          "rope_parameters by type of layer are not supported for %s: expected one set of parameters"
              .formatted(family.wireName()));
    }
    return rope(rope, root.decimal("rope_theta", FamilyDefaults.of(family).theta()));
  }

  /**
   * The settings of the layers of Gemma 3 without a window. The older ones replace single settings
   * of the newer.
   */
  Rope global() {
    ObjectNode merged = JsonNodeFactory.instance.objectNode();
    for (JsonFields part :
        List.of(
            root.object("rope_parameters").object("full_attention"), root.object("rope_scaling"))) {
      if (part.root() instanceof ObjectNode settings) {
        merged.setAll(settings);
      }
    }
    return rope(
        new JsonFields(merged), root.decimal("rope_theta", FamilyDefaults.of(family).theta()));
  }

  /** The settings of the layers of Gemma 3 with a window. */
  Rope local() {
    return rope(
        root.object("rope_parameters").object("sliding_attention"),
        root.decimal("rope_local_base_freq", 10_000));
  }

  private Rope rope(JsonFields rope, double theta) {
    double share = rope.decimal("partial_rotary_factor", root.decimal("partial_rotary_factor", 1));
    if (share != 1 && family != ModelFamily.PHI3) {
      throw new ModelException(
          "partial_rotary_factor %s is not supported for %s: expected 1.0"
              .formatted(share, family.wireName()));
    }
    return new Rope(
        JsonFields.positive("rope_theta", rope.decimal("rope_theta", theta)), scaling(rope), share);
  }

  private Rope.Scaling scaling(JsonFields rope) {
    String type = type(rope);
    return switch (type) {
      case "default" -> new Rope.Default();
      case "linear" -> new Rope.Linear(factor(rope));
      case "dynamic" -> new Rope.Dynamic(factor(rope), maxPositions);
      case "llama3" -> llama3(rope);
      case "yarn" -> yarn(rope);
      case "longrope" -> longRope(rope);
      default ->
          throw new ModelException(
              "rope_type %s (scaling of rotary embeddings) is not supported: expected one of default, linear, dynamic, llama3, yarn, longrope"
                  .formatted(Quoted.of(type)));
    };
  }

  private String type(JsonFields rope) {
    String key = rope.has("rope_type") ? "rope_type" : "type";
    String type = rope.has(key) ? rope.text(key, "the name of a scaling") : "default";
    // Names of longrope in the first configurations of Phi-3.
    boolean older = type.equals("su") || type.equals("yarn");
    return family == ModelFamily.PHI3 && older ? "longrope" : type;
  }

  private static double factor(JsonFields rope) {
    return JsonFields.positive("factor", rope.decimal("factor"));
  }

  private Rope.Llama3 llama3(JsonFields rope) {
    double low = JsonFields.positive("low_freq_factor", rope.decimal("low_freq_factor"));
    double high = rope.decimal("high_freq_factor");
    if (high <= low) {
      throw new ModelException(
          "high_freq_factor %s: expected more than low_freq_factor %s".formatted(high, low));
    }
    return new Rope.Llama3(factor(rope), low, high, originalContext(rope));
  }

  private Rope.Yarn yarn(JsonFields rope) {
    int original = originalContext(rope);
    double factor = factorOrGrowth(rope, original);
    double weight = rope.decimal("mscale", 0);
    double weightOfAll = rope.decimal("mscale_all_dim", 0);
    double suggested =
        weight != 0 && weightOfAll != 0
            ? Rope.Yarn.suggestedMagnitude(factor, weight)
                / Rope.Yarn.suggestedMagnitude(factor, weightOfAll)
            : Rope.Yarn.suggestedMagnitude(factor, 1);
    return new Rope.Yarn(
        factor,
        original,
        JsonFields.positive("beta_fast", rope.decimal("beta_fast", 32)),
        JsonFields.positive("beta_slow", rope.decimal("beta_slow", 1)),
        magnitude(rope, suggested),
        rope.flag("truncate", true));
  }

  private Rope.LongRope longRope(JsonFields rope) {
    int original = originalContext(rope);
    return new Rope.LongRope(
        rope.positives("short_factor"),
        rope.positives("long_factor"),
        magnitude(rope, Rope.LongRope.suggestedMagnitude(factorOrGrowth(rope, original), original)),
        original);
  }

  private static double magnitude(JsonFields rope, double suggested) {
    return JsonFields.positive("attention_factor", rope.decimal("attention_factor", suggested));
  }

  /** The growth of the context by the configuration, if it names no factor. */
  private double factorOrGrowth(JsonFields rope, int original) {
    return JsonFields.positive("factor", rope.decimal("factor", (double) maxPositions / original));
  }

  /**
   * A length beside the scaling's parameters comes before the one among them; that of Phi-3 is
   * always beside them, and that of Gemma 3, which has two sets of parameters, among them.
   */
  private int originalContext(JsonFields rope) {
    boolean beside =
        family == ModelFamily.PHI3 || (root.has(ORIGINAL) && family != ModelFamily.GEMMA3_TEXT);
    int original =
        beside ? root.number(ORIGINAL, PHI3_ORIGINAL) : rope.number(ORIGINAL, maxPositions);
    return (int) JsonFields.positive(ORIGINAL, original);
  }
}
