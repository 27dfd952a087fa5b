package dev.freshet.model;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import dev.freshet.weights.DType;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** The configuration of the policy: a model directory, or the shape of a decoder to create. */
@Section(
    "The policy. If path is empty, the run creates a decoder of this shape, with a tokenizer of one"
        + " token per character.")
public record ModelShape(
    @Key(
            def = "",
            doc =
                "Hugging Face directory to start from (llama, mistral, qwen2, qwen3, smollm3, phi3, gemma3_text)")
        String path,
    @Key(def = "llama", doc = "llama, mistral, qwen2 or qwen3") ModelFamily family,
    @Key(def = "4", doc = "decoder blocks") int layers,
    @Key(def = "128", doc = "a multiple of 2 × heads") int hiddenSize,
    @Key(def = "384", doc = "width of the MLP") int intermediateSize,
    @Key(def = "4", doc = "query heads of attention") int heads,
    @Key(def = "2", doc = "key and value heads; a divisor of heads") int kvHeads,
    @Key(def = "128", doc = "most tokens of a sequence, prompt and answer together")
        int maxPositions) {
  /** The families of which a decoder is defined by a shape of this kind. */
  private static final Set<ModelFamily> CREATED =
      EnumSet.of(ModelFamily.LLAMA, ModelFamily.MISTRAL, ModelFamily.QWEN2, ModelFamily.QWEN3);

  private static final double NORM_EPS = 1e-6;
  private static final double ROPE_THETA = 10_000;

  public ModelShape {
    Check.that(CREATED.contains(family), "family", "llama, mistral, qwen2 or qwen3");
    Check.positive("layers", layers);
    Check.positive("hiddenSize", hiddenSize);
    Check.positive("intermediateSize", intermediateSize);
    Check.positive("heads", heads);
    Check.positive("kvHeads", kvHeads);
    Check.positive("maxPositions", maxPositions);
    Check.that(heads % kvHeads == 0, "kvHeads", "a divisor of heads");
    Check.that(hiddenSize % (2 * heads) == 0, "hiddenSize", "a multiple of twice the heads");
  }

  /**
   * The decoder of this shape, in float32 and with tied embeddings.
   *
   * @param vocabSize tokens of its vocabulary
   * @param eosTokens ids of the tokens that end an answer
   */
  public ModelConfig decoder(int vocabSize, List<Integer> eosTokens) {
    return new ModelConfig(
        family,
        vocabSize,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        kvHeads,
        hiddenSize / heads,
        NORM_EPS,
        new Rope(ROPE_THETA, new Rope.Default()),
        maxPositions,
        true,
        family == ModelFamily.QWEN2,
        false,
        false,
        Collections.nCopies(layers, OptionalInt.empty()),
        eosTokens,
        DType.F32);
  }
}
