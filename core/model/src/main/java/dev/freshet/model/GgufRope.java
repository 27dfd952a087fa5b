package dev.freshet.model;

import dev.freshet.trace.Quoted;
import dev.freshet.weights.gguf.GgufMetadata;
import dev.freshet.weights.gguf.GgufTensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.node.ObjectNode;

/**
 * The rotary settings of a model in a GGUF file as those of a {@code config.json}. Errors name the
 * key.
 *
 * @param headDim the size of a head, all of which is rotated
 */
record GgufRope(GgufConfig config, int headDim) {
  private static final double DEFAULT_THETA = 10_000;

  /** What the converter of llama.cpp assumes, and what all of Meta's models have. */
  private static final double LOW_FREQ_FACTOR = 1;

  private static final double HIGH_FREQ_FACTOR = 4;
  private static final int ORIGINAL_CONTEXT = 8192;
  private static final double TOLERANCE = 1e-4;

  /** Sets {@code rope_parameters} and {@code rope_theta}. */
  void write(ObjectNode root) {
    double theta =
        metadata().decimal(config.key("rope.freq_base")).isPresent()
            ? config.decimal("rope.freq_base")
            : DEFAULT_THETA;
    scaling(root.putObject("rope_parameters").put("rope_theta", theta), theta);
    root.put("rope_theta", theta);
  }

  private void scaling(ObjectNode rope, double theta) {
    GgufTensor factors = config.gguf().tensors().get(GgufConfig.ROPE_FACTORS);
    String type = metadata().text(config.key("rope.scaling.type")).orElse("none");
    if (factors != null) {
      llama3(rope, factors, theta);
      return;
    }
    switch (type) {
      case "none" -> rope.put("rope_type", "default");
      case "linear" ->
          rope.put("rope_type", "linear").put("factor", config.decimal("rope.scaling.factor"));
      case "yarn" -> yarn(rope);
      default ->
          throw config.refused(
              "%s %s is not supported: expected one of none, linear, yarn"
                  .formatted(config.key("rope.scaling.type"), Quoted.of(type)));
    }
  }

  private void yarn(ObjectNode rope) {
    for (String factor : List.of("attn_factor", "yarn_attn_factor", "yarn_ext_factor")) {
      String key = "rope.scaling." + factor;
      if (metadata().decimal(config.key(key)).isPresent() && config.decimal(key) != 1) {
        throw config.refused(
            "%s is %s, expected 1".formatted(config.key(key), config.decimal(key)));
      }
    }
    rope.put("rope_type", "yarn").put("factor", config.decimal("rope.scaling.factor"));
    metadata()
        .count(config.key("rope.scaling.original_context_length"))
        .ifPresent(original -> rope.put("original_max_position_embeddings", original));
    for (String beta : List.of("beta_fast", "beta_slow")) {
      String key = "rope.scaling.yarn_" + beta;
      if (metadata().decimal(config.key(key)).isPresent()) {
        rope.put(beta, config.decimal(key));
      }
    }
  }

  /**
   * The scaling of Llama 3.1 is stored as the factor by which each frequency is divided. Its
   * parameters are not stored; the converter has them from the {@code config.json}.
   */
  private void llama3(ObjectNode rope, GgufTensor factors, double theta) {
    if (!Arrays.equals(factors.shape(), new long[] {headDim / 2})
        || headDim / 2 % factors.type().blockElements() != 0) {
      throw config.refused("tensor %s: expected shape [%d]".formatted(factors, headDim / 2));
    }
    float[] found = new float[headDim / 2];
    factors.read(0, found);
    double factor = IntStream.range(0, found.length).mapToDouble(i -> found[i]).max().orElse(1);
    double[] plain = new Rope(theta, new Rope.Default()).frequencies(headDim);
    double[] scaled =
        new Rope(
                theta, new Rope.Llama3(factor, LOW_FREQ_FACTOR, HIGH_FREQ_FACTOR, ORIGINAL_CONTEXT))
            .frequencies(headDim);
    for (int i = 0; i < found.length; i++) {
      double expected = plain[i] / scaled[i];
      if (!(Math.abs(found[i] - expected) <= TOLERANCE * expected)) {
        throw config.refused(
            "tensor %s: element %d is %s, expected %s as Llama 3.1 scales by %s: other scalings are not supported"
                .formatted(factors.name(), i, found[i], (float) expected, (float) factor));
      }
    }
    rope.put("rope_type", "llama3")
        .put("factor", GgufConfig.shortest((float) factor))
        .put("low_freq_factor", LOW_FREQ_FACTOR)
        .put("high_freq_factor", HIGH_FREQ_FACTOR)
        .put("original_max_position_embeddings", ORIGINAL_CONTEXT);
  }

  private GgufMetadata metadata() {
    return config.metadata();
  }
}
