package dev.freshet.engine;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.weights.DType;
import java.util.Optional;

/** The configuration of an embedded engine. */
public record EngineConfig(
    @Key(def = "policy", doc = "name of the model in requests and /v1/models") String modelName,
    @Key(def = "48", doc = "completions decoded at once") int maxSequences,
    @Key(def = "128", doc = "most tokens of a completion, including its prompt") int maxModelLen,
    @Key(def = "4096", doc = "most requests waiting to be decoded") int maxWaiting,
    @Key(
            def = "256",
            doc =
                "most prompt tokens in one step; a longer prompt is prefilled in parts, between decode steps")
        int prefillTokens,
    @Key(def = "1", doc = "libtorch's threads for one operation") int threads,
    @Key(def = "auto", doc = "auto (as stored), float32, bfloat16 or float16") Precision dtype,
    @Key(
            def = "false",
            doc =
                "refuse a checkpoint with tensors that the model does not have, such as a value"
                    + " head, instead of a warning")
        boolean strictWeights) {
  /** The type that the engine computes in. */
  public enum Precision {
    /** The type that the checkpoint is stored in. */
    AUTO(Optional.empty()),
    FLOAT32(Optional.of(DType.F32)),
    BFLOAT16(Optional.of(DType.BF16)),
    FLOAT16(Optional.of(DType.F16));

    private final Optional<DType> type;

    Precision(Optional<DType> type) {
      this.type = type;
    }

    DType or(DType stored) {
      return type.orElse(stored);
    }
  }

  public EngineConfig {
    Check.positive("maxSequences", maxSequences);
    Check.positive("maxModelLen", maxModelLen);
    Check.positive("maxWaiting", maxWaiting);
    Check.positive("prefillTokens", prefillTokens);
    Check.positive("threads", threads);
  }
}
