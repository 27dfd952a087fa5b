package dev.freshet.trainer;

import dev.freshet.config.Check;
import dev.freshet.config.ConfigException;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import dev.freshet.model.LoraAdapter;
import dev.freshet.model.LoraConfig;
import dev.freshet.model.ModelException;
import dev.freshet.model.ModelWeights;
import java.util.List;

/** The configuration of the adapter that the trainer trains instead of the model. */
@Section(
    "Low-rank adaptation (LoRA): the trainer changes an adapter and not the weights of step 0,"
        + " which the warm-up still trains.")
public record LoraTrainingConfig(
    @Key(def = "0", doc = "rank of the adapter's matrices; 0: no adapter, all weights are trained")
        int rank,
    @Key(def = "32", doc = "the adapter's product is scaled by alpha / rank") double alpha,
    @Key(def = "false", doc = "true: it is scaled by alpha / √rank") boolean useRslora,
    @Key(
            def = "all-linear",
            doc =
                "linear layers to adapt, such as q_proj; all-linear: all but the layer of the"
                    + " logits, lm_head")
        List<String> targets,
    @Key(
            def = "merged",
            doc =
                "what weights/step_N holds: merged: a whole checkpoint, for any server; adapter:"
                    + " the adapter in PEFT's format, for Freshet servers that were started with"
                    + " step 0")
        Publish publish) {
  /** What is published of a step. A constant's lower-case name is its name in the configuration. */
  public enum Publish {
    MERGED,
    ADAPTER
  }

  /** Every run starts from the same matrices. */
  private static final long SEED = 0;

  public LoraTrainingConfig {
    targets = List.copyOf(targets);
    Check.notNegative("rank", rank);
    Check.that(alpha > 0 && Double.isFinite(alpha), "alpha", "above 0");
    Check.that(!targets.isEmpty(), "targets", "at least one");
  }

  /** Whether an adapter is trained. */
  boolean isOn() {
    return rank > 0;
  }

  /** Whether steps are published without the weights of the base model. */
  boolean publishesAdapter() {
    return isOn() && publish == Publish.ADAPTER;
  }

  /** Weights to train: {@code base}, with a new adapter if one is configured. Owns it. */
  ModelWeights applied(ModelWeights base) {
    if (!isOn()) {
      return base;
    }
    if (publish == Publish.MERGED
        && targets.contains(LoraAdapter.HEAD)
        && base.config().tiedEmbeddings()) {
      base.close();
      throw new ConfigException(
          "trainer.lora.targets: %s cannot be published merged, because the model ties it to its embedding: set trainer.lora.publish to adapter, or leave it out"
              .formatted(LoraAdapter.HEAD));
    }
    try {
      LoraConfig config = new LoraConfig(rank, alpha, useRslora);
      return ModelWeights.adapted(base, LoraAdapter.initial(base.config(), config, targets, SEED));
    } catch (ModelException e) {
      base.close();
      throw new ConfigException("trainer.lora.targets: " + e.getMessage());
    }
  }
}
