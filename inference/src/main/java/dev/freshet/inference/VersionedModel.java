package dev.freshet.inference;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.Decoder;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelException;
import dev.freshet.model.ModelWeights;
import dev.freshet.model.Torch;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.Manifest;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One policy version, ready to run: a decoder over its weights. Weights that are stored in the type
 * the engine computes in are read straight from the mapped checkpoint.
 */
record VersionedModel(long version, ModelConfig config, ModelWeights weights, Decoder decoder)
    implements AutoCloseable {

  /**
   * Maps and checks a checkpoint and builds its decoder, all beside whatever is serving.
   *
   * @param type what the engine computes in
   * @throws EngineException CONFLICT if the checkpoint is missing, broken, or not of {@code type}'s
   *     model
   */
  static VersionedModel load(Path dir, long version, DType type, int maxLength) {
    try {
      Checkpoint checkpoint = open(dir);
      ModelWeights weights;
      try {
        checkpoint.requireFinite();
        weights = weights(ConfigJson.read(dir), checkpoint, type);
      } catch (RuntimeException e) {
        checkpoint.close();
        throw e;
      }
      return new VersionedModel(
          version, weights.config(), weights, new Decoder(weights, maxLength));
    } catch (CheckpointException | ModelException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  /**
   * A published checkpoint has a manifest to be verified against; a plain model directory has none.
   */
  private static Checkpoint open(Path dir) {
    return Files.exists(dir.resolve(Manifest.FILE_NAME))
        ? CheckpointStore.openVerified(dir)
        : Checkpoint.open(dir);
  }

  private static ModelWeights weights(ModelConfig config, Checkpoint checkpoint, DType type) {
    if (checkpoint.tensors().values().stream().allMatch(tensor -> tensor.dtype() == type)) {
      return ModelWeights.over(config, checkpoint);
    }
    ModelWeights copy = ModelWeights.copyOf(config, checkpoint, Torch.scalarType(type));
    checkpoint.close();
    return copy;
  }

  /**
   * Whether {@code other} can take this model's place while sequences run: the same computation on
   * the same shapes.
   */
  boolean interchangeableWith(VersionedModel other) {
    return config.family() == other.config.family()
        && config.parameterShapes().keySet().equals(other.config.parameterShapes().keySet())
        && config.hiddenSize() == other.config.hiddenSize()
        && config.vocabSize() == other.config.vocabSize()
        && config.intermediateSize() == other.config.intermediateSize()
        && config.heads() == other.config.heads()
        && config.kvHeads() == other.config.kvHeads()
        && config.headDim() == other.config.headDim()
        && config.rope().equals(other.config.rope())
        && config.rmsNormEps() == other.config.rmsNormEps()
        && config.windows().equals(other.config.windows());
  }

  @Override
  public void close() {
    decoder.close();
    weights.close();
  }
}
