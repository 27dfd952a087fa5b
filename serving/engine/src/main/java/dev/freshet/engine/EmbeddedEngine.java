package dev.freshet.engine;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.KvPool;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelException;
import dev.freshet.model.Torch;
import dev.freshet.model.VectorApi;
import dev.freshet.trace.MonotonicClock;
import java.nio.file.Path;
import java.util.List;

/** An engine that computes with libtorch in this process. */
public final class EmbeddedEngine extends LoopEngine<VersionedModel> {
  private final List<Integer> eosTokens;

  /**
   * Loads the model in {@code baseDir} and starts the loop.
   *
   * @throws EngineException if the model is missing, broken or unsupported, or the JVM lacks the
   *     Vector API
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
    Computation computation = Computation.of(engine, config.dtype());
    try {
      return parts(config, baseDir, engine, clock, computation);
    } catch (RuntimeException e) {
      computation.close();
      throw e;
    }
  }

  private static Parts<VersionedModel> parts(
      ModelConfig config,
      Path baseDir,
      EngineConfig engine,
      MonotonicClock clock,
      Computation computation) {
    int maxModelLen = Math.min(engine.maxModelLen(), config.maxContext());
    CheckpointSource source =
        new CheckpointSource(
            baseDir, config, computation, maxModelLen, engine.strictWeights(), clock);
    int blocks =
        KvCapacity.blocks(config, Torch.scalarType(computation.type()), engine, maxModelLen);
    VersionedModel base = source.readBase().build().weights();
    KvPool pool = pool(base, blocks, maxModelLen, computation);
    return new Parts<>(
        engine.modelName(),
        config.vocabSize(),
        maxModelLen,
        engine.maxSequences(),
        engine.maxWaiting(),
        engine.stepTokens(),
        new KvBlocks(blocks, KvPool.BLOCK_TOKENS),
        new LibtorchRunner(base, pool, computation),
        source,
        new PeftSource(base.config(), computation, engine.adapters().maxLoraRank(), clock),
        engine.adapters().maxLoras(),
        () -> Torch.computeThread(engine.threads()));
  }

  private static KvPool pool(
      VersionedModel base, int blocks, int maxModelLen, Computation computation) {
    try {
      return new KvPool(
          base.config(),
          blocks,
          maxModelLen,
          Torch.scalarType(computation.type()),
          computation.crew());
    } catch (RuntimeException e) {
      base.close();
      throw new EngineException(
          EngineException.Kind.INTERNAL,
          "cannot reserve memory for the KV cache of %d blocks of %d tokens: lower inference.kv_mb, max_sequences or max_model_len"
              .formatted(blocks, KvPool.BLOCK_TOKENS),
          e);
    }
  }

  private static ModelConfig readConfig(Path dir) {
    try {
      VectorApi.require();
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
