package dev.freshet.inference;

import dev.freshet.model.ConfigJson;
import dev.freshet.model.KvCache;
import dev.freshet.model.ModelConfig;
import dev.freshet.model.ModelException;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.weights.CheckpointException;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.weights.DType;
import dev.freshet.weights.Manifest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An engine on libtorch in this process: one thread runs the {@link DecodeLoop}, callers prepare
 * new weights beside it.
 *
 * <p>At any time exactly one model serves, and at most one more is being prepared. The replaced
 * model is freed by the thread that asked for the update, after the loop has given it back.
 */
public final class EmbeddedEngine implements Engine {
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(60);

  private final EngineOptions options;
  private final Path baseDir;
  private final long baseVersion;
  private final DType type;
  private final ModelConfig config;
  private final int maxModelLen;
  private final MonotonicClock clock;
  private final AdmissionQueue admission;
  private final WeightSwap swap = new WeightSwap();
  private final ReentrantLock updates = new ReentrantLock();
  private final SplittableRandom seeds = new SplittableRandom();
  private final Thread thread;
  private volatile VersionedModel serving;

  /**
   * Loads the model in {@code baseDir} and starts the loop.
   *
   * @throws EngineException if the model is missing, broken or unsupported
   */
  public EmbeddedEngine(Path baseDir, EngineOptions options, MonotonicClock clock) {
    this.baseDir = baseDir;
    this.clock = clock;
    this.config = readConfig(baseDir);
    this.type = options.dtype().orElse(config.dtype());
    this.maxModelLen = Math.min(options.maxModelLen(), config.maxPositions());
    this.options =
        new EngineOptions(
            options.modelName(),
            options.maxSequences(),
            maxModelLen,
            options.maxWaiting(),
            options.prefillTokens(),
            options.threads(),
            options.dtype());
    this.baseVersion = version(baseDir).orElse(0);
    this.serving = VersionedModel.load(baseDir, baseVersion, type, maxModelLen);
    KvCache cache =
        new KvCache(config, options.maxSequences(), maxModelLen, serving.weights().type());
    this.admission = new AdmissionQueue(options.maxWaiting());
    this.thread =
        Thread.ofPlatform()
            .name("freshet-engine")
            .unstarted(
                new DecodeLoop(
                    serving,
                    cache,
                    this.options,
                    admission,
                    swap,
                    clock,
                    model -> serving = model));
    thread.start();
  }

  private static ModelConfig readConfig(Path dir) {
    try {
      return ConfigJson.read(dir);
    } catch (ModelException e) {
      throw new EngineException(EngineException.Kind.INVALID, e);
    }
  }

  /** The step that a checkpoint's manifest states, if it has one. */
  private static OptionalLong version(Path dir) {
    Path manifest = dir.resolve(Manifest.FILE_NAME);
    try {
      return Files.exists(manifest)
          ? OptionalLong.of(Manifest.read(manifest).step())
          : OptionalLong.empty();
    } catch (CheckpointException e) {
      throw new EngineException(EngineException.Kind.CONFLICT, e);
    }
  }

  @Override
  public String modelName() {
    return options.modelName();
  }

  @Override
  public int maxModelLen() {
    return maxModelLen;
  }

  @Override
  public int vocabSize() {
    return config.vocabSize();
  }

  /** The tokens that end a completion unless its caller wants to go past them. */
  public List<Integer> eosTokens() {
    return config.eosTokens();
  }

  @Override
  public long policyVersion() {
    return serving.version();
  }

  @Override
  public int running() {
    return admission.running();
  }

  @Override
  public int waiting() {
    return admission.waiting();
  }

  @Override
  public Generation submit(GenerationRequest request, Outlet outlet) {
    check(request);
    SplittableRandom random = new SplittableRandom(request.seed().orElseGet(this::nextSeed));
    int maxTokens = Math.min(request.maxTokens(), maxModelLen - request.prompt().length);
    Sequence sequence = new Sequence(request, outlet, random, maxTokens, admission::cancelled);
    admission.add(sequence);
    return sequence;
  }

  private long nextSeed() {
    synchronized (seeds) {
      return seeds.nextLong();
    }
  }

  private void check(GenerationRequest request) {
    if (request.maxTokens() < 1) {
      throw invalid("max_tokens %d: expected at least 1".formatted(request.maxTokens()));
    }
    int[] prompt = request.prompt();
    if (prompt.length == 0) {
      throw invalid("the prompt is empty: expected at least one token");
    }
    if (prompt.length >= maxModelLen) {
      throw invalid(
          "the prompt has %d tokens: expected fewer than the model's context of %d"
              .formatted(prompt.length, maxModelLen));
    }
    for (int token : prompt) {
      if (token < 0 || token >= config.vocabSize()) {
        throw invalid("prompt token %d: expected 0 to %d".formatted(token, config.vocabSize() - 1));
      }
    }
  }

  private static EngineException invalid(String message) {
    return new EngineException(EngineException.Kind.INVALID, message);
  }

  @Override
  public WeightUpdate updateWeights(Path dir, OptionalLong step, Duration deadline) {
    if (!Files.exists(dir.resolve(CheckpointStore.STABLE))) {
      throw new EngineException(
          EngineException.Kind.CONFLICT,
          Files.isDirectory(dir)
              ? dir + ": no " + CheckpointStore.STABLE + " marker: expected a published checkpoint"
              : dir + ": no such directory: expected a published checkpoint");
    }
    return replace(dir, step, deadline);
  }

  @Override
  public WeightUpdate reloadWeights(Duration deadline) {
    return replace(baseDir, OptionalLong.of(baseVersion), deadline);
  }

  private WeightUpdate replace(Path dir, OptionalLong step, Duration deadline) {
    long due = clock.nanos() + deadline.toNanos();
    lockUpdates(deadline);
    try {
      long start = clock.nanos();
      VersionedModel prepared = prepare(dir, step);
      long preparedAt = clock.nanos();
      WeightSwap.Swapped swapped;
      try {
        swapped =
            swap.offer(prepared, Duration.ofNanos(Math.max(0, due - preparedAt)), admission::ring);
      } catch (EngineException e) {
        prepared.close();
        throw e;
      }
      swapped.replaced().close();
      return new WeightUpdate(
          prepared.version(),
          (preparedAt - start) / 1e6,
          (swapped.startNanos() - preparedAt) / 1e6,
          (swapped.doneNanos() - swapped.startNanos()) / 1e6);
    } finally {
      updates.unlock();
    }
  }

  private void lockUpdates(Duration deadline) {
    try {
      if (!updates.tryLock(deadline.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new EngineException(
            EngineException.Kind.CONFLICT,
            "another weight update has been running for %d ms".formatted(deadline.toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(
          EngineException.Kind.INTERNAL, "interrupted while another weight update runs", e);
    }
  }

  private VersionedModel prepare(Path dir, OptionalLong step) {
    long version =
        step.orElseGet(
            () ->
                version(dir)
                    .orElseThrow(
                        () -> invalid(dir + ": no manifest: expected a step in the request")));
    VersionedModel prepared = VersionedModel.load(dir, version, type, maxModelLen);
    if (!prepared.interchangeableWith(serving)) {
      prepared.close();
      throw new EngineException(
          EngineException.Kind.CONFLICT,
          dir + "/config.json: another model: expected the architecture of " + baseDir);
    }
    return prepared;
  }

  @Override
  public void close() {
    admission.close();
    try {
      if (!thread.join(CLOSE_DEADLINE)) {
        throw new EngineException(
            EngineException.Kind.INTERNAL,
            "the decode loop did not end within %d s".formatted(CLOSE_DEADLINE.toSeconds()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
