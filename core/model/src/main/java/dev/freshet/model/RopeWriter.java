package dev.freshet.model;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.databind.node.ObjectNode;

/** Writes the rotary settings of a {@code config.json}, in the newer form. */
final class RopeWriter {
  private RopeWriter() {}

  /** Sets {@code rope_parameters}, and the fields beside it that transformers prefers. */
  static void write(ModelConfig config, ObjectNode root) {
    ObjectNode json = root.putObject("rope_parameters");
    if (config.family() == ModelFamily.GEMMA3_TEXT) {
      first(config, true).ifPresent(rope -> parameters(rope, json.putObject("sliding_attention")));
      first(config, false).ifPresent(rope -> parameters(rope, json.putObject("full_attention")));
      return;
    }
    Optional<Rope> rope = config.ropes().stream().flatMap(Optional::stream).findFirst();
    rope.ifPresent(
        shared -> {
          parameters(shared, json);
          root.put("rope_theta", shared.theta());
          if (shared.scaling() instanceof Rope.LongRope longRope) {
            root.put("original_max_position_embeddings", longRope.originalContext());
          }
        });
  }

  /** The rotation of the first layer with a window, or without one. */
  private static Optional<Rope> first(ModelConfig config, boolean window) {
    return IntStream.range(0, config.layers())
        .filter(layer -> config.windows().get(layer).isPresent() == window)
        .mapToObj(layer -> config.ropes().get(layer))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static void parameters(Rope rope, ObjectNode json) {
    json.put("rope_theta", rope.theta());
    if (rope.rotatedShare() != 1) {
      json.put("partial_rotary_factor", rope.rotatedShare());
    }
    switch (rope.scaling()) {
      case Rope.Default() -> json.put("rope_type", "default");
      case Rope.Linear(double factor) -> json.put("rope_type", "linear").put("factor", factor);
      case Rope.Dynamic dynamic -> json.put("rope_type", "dynamic").put("factor", dynamic.factor());
      case Rope.Llama3 l ->
          json.put("rope_type", "llama3")
              .put("factor", l.factor())
              .put("low_freq_factor", l.lowFreqFactor())
              .put("high_freq_factor", l.highFreqFactor())
              .put("original_max_position_embeddings", l.originalContext());
      case Rope.Yarn yarn ->
          json.put("rope_type", "yarn")
              .put("factor", yarn.factor())
              .put("beta_fast", yarn.betaFast())
              .put("beta_slow", yarn.betaSlow())
              .put("attention_factor", yarn.magnitude())
              .put("truncate", yarn.truncate())
              .put("original_max_position_embeddings", yarn.originalContext());
      case Rope.LongRope longRope -> {
        json.put("rope_type", "longrope")
            .put("attention_factor", longRope.magnitude())
            .put("original_max_position_embeddings", longRope.originalContext());
        numbers(json, "short_factor", longRope.shortDivisors());
        numbers(json, "long_factor", longRope.longDivisors());
      }
    }
  }

  private static void numbers(ObjectNode json, String key, List<Double> numbers) {
    numbers.forEach(json.putArray(key)::add);
  }
}
