package dev.freshet.engine;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.KvCache;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelException;
import dev.freshet.model.Torch;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.weights.DType;
import java.nio.file.Path;
import java.util.List;

/** An engine that computes with libtorch in this process. */
public final class EmbeddedEngine extends LoopEngine<VersionedModel> {
  private final List<Integer> eosTokens;

  /**
   * Loads the model in {@code baseDir} and starts the loop.
   *
   * @throws EngineException if the model is missing, broken or unsupported
   */
  public EmbeddedEngine(
      Path baseDir, EngineConfig engine, MonotonicClock clock, EngineMetrics metrics) {
    this(readConfig(baseDir), baseDir, engine, clock, metrics);
  }

  private EmbeddedEngine(
      ModelConfig config,
      Path baseDir,
      EngineConfig engine,
      MonotonicClock clock,
      EngineMetrics metrics) {
    super(parts(config, baseDir, engine, clock), clock, metrics);
    this.eosTokens = config.eosTokens();
  }

  private static Parts<VersionedModel> parts(
      ModelConfig config, Path baseDir, EngineConfig engine, MonotonicClock clock) {
    DType type = engine.dtype().or(config.dtype());
    int maxModelLen = Math.min(engine.maxModelLen(), config.maxPositions());
    CheckpointSource source =
        new CheckpointSource(baseDir, config, type, engine.strictWeights(), clock);
    VersionedModel base = source.readBase().build().weights();
    KvCache cache = cache(config, engine.maxSequences(), maxModelLen, base);
    return new Parts<>(
        engine.modelName(),
        config.vocabSize(),
        maxModelLen,
        engine.maxSequences(),
        engine.maxWaiting(),
        engine.prefillTokens(),
        new LibtorchRunner(base, cache, engine.prefillTokens()),
        source,
        () -> Torch.computeThread(engine.threads()));
  }

  private static KvCache cache(
      ModelConfig config, int slots, int maxModelLen, VersionedModel base) {
    try {
      return new KvCache(config, slots, maxModelLen, base.weights().type());
    } catch (RuntimeException e) {
      base.close();
      throw new EngineException(
          EngineException.Kind.INTERNAL,
          "cannot allocate the KV cache of %d sequences of %d tokens: lower max_sequences or max_model_len"
              .formatted(slots, maxModelLen),
          e);
    }
  }

  private static ModelConfig readConfig(Path dir) {
    try {
      return ConfigJson.read(dir);
    } catch (ModelException e) {
      throw new EngineException(EngineException.Kind.INVALID, e);
    }
  }

  /** The model's end-of-sequence tokens. */
  public List<Integer> eosTokens() {
    return eosTokens;
  }
}
