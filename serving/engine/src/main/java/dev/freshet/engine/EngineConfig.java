package dev.freshet.engine;

import dev.freshet.config.Check;
import dev.freshet.config.Inline;
import dev.freshet.config.Key;
import dev.freshet.weights.DType;
import java.util.Optional;

/** The configuration of an embedded engine. */
public record EngineConfig(
    @Key(def = "policy", doc = "name of the model in requests and /v1/models") String modelName,
    @Key(def = "48", doc = "completions decoded at once") int maxSequences,
    @Key(
            def = "128",
            doc = "most tokens of a completion, including its prompt; chats and agents need more")
        int maxModelLen,
    @Key(def = "4096", doc = "most requests waiting to be decoded") int maxWaiting,
    @Key(
            def = "256",
            doc =
                "tokens of one step: one for each completion that decodes, the rest for prompts,"
                    + " which have at least a quarter; longer prompts are computed in parts")
        int stepTokens,
    @Key(
            def = "0",
            doc =
                "MiB for the KV cache; 0: as much as max_sequences of max_model_len need, at most a"
                    + " quarter of the machine's memory")
        int kvMb,
    @Key(def = "1", doc = "libtorch's threads for one operation") int threads,
    @Key(def = "auto", doc = "auto (as stored), float32, bfloat16 or float16") Precision dtype,
    @Key(
            def = "auto",
            doc =
                "type in which logits are computed: auto (dtype) or float32, in which tokens of a"
                    + " 16-bit model do not tie; it takes 4 bytes × vocabulary × hidden size more"
                    + " for each version in memory")
        HeadPrecision headDtype,
    @Key(
            def = "true",
            doc =
                "copy the weights of linear layers into the layout of the processor's kernels while"
                    + " an update is prepared; false: compute over the files' pages, which takes"
                    + " less memory and is slower")
        boolean packWeights,
    @Key(
            def = "false",
            doc =
                "refuse a checkpoint with tensors that the model does not have, such as a value"
                    + " head, instead of a warning")
        boolean strictWeights,
    @Inline AdapterLimits adapters) {
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

  /** The type that logits are computed in. */
  public enum HeadPrecision {
    /** The type that the engine computes in. */
    AUTO,
    FLOAT32
  }

  public EngineConfig {
    Check.positive("maxSequences", maxSequences);
    Check.positive("maxModelLen", maxModelLen);
    Check.positive("maxWaiting", maxWaiting);
    Check.positive("stepTokens", stepTokens);
    Check.that(kvMb >= 0, "kvMb", "0 or more");
    Check.positive("threads", threads);
  }
}
