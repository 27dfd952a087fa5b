package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.PauseMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * An engine in this process. One thread runs the {@link DecodeLoop}; callers prepare new weights on
 * their own threads meanwhile. Subclasses provide the runner that computes tokens and the source of
 * weights.
 */
abstract sealed class LoopEngine<W extends PolicyWeights> implements Engine
    permits EmbeddedEngine, SyntheticEngine {
  private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(60);

  private final String modelName;
  private final int vocabSize;
  private final int maxModelLen;
  private final boolean obeysConstraints;
  private final AdmissionQueue admission;
  private final LoopRequests<W> requests;
  private final WeightUpdates<W> updates;
  private final Adapters adapters;
  private final AtomicLong arrivals = new AtomicLong();
  private final SplittableRandom seeds = new SplittableRandom();
  private final Thread thread;
  private volatile long policyVersion;
  private volatile boolean paused;
  private final CompletableFuture<EngineException> failure = new CompletableFuture<>();

  /** The open wait for the resume; empty if the engine is not paused. */
  private final List<Waits.Open> resumeWait = new ArrayList<>(1);

  /** The parts of an engine. The loop owns the runner. */
  record Parts<W extends PolicyWeights>(
      String modelName,
      int vocabSize,
      int maxModelLen,
      int maxSequences,
      int maxWaiting,
      int stepTokens,
      KvBlocks blocks,
      ModelRunner<W> runner,
      WeightSource<W> source,
      AdapterSource adapters,
      int maxAdapters,
      Runnable onThreadStart) {}

  LoopEngine(Parts<W> parts, MonotonicClock clock, EngineMetrics metrics) {
    this.modelName = parts.modelName();
    this.vocabSize = parts.vocabSize();
    this.maxModelLen = parts.maxModelLen();
    this.admission = new AdmissionQueue(parts.maxWaiting(), parts.stepTokens());
    this.requests = new LoopRequests<>(clock, admission::wake);
    this.policyVersion = parts.runner().version();
    this.obeysConstraints = parts.runner().obeysConstraints();
    this.updates = new WeightUpdates<>(parts.source(), requests, () -> policyVersion, clock);
    this.adapters = new Adapters(parts.adapters(), parts.maxAdapters(), modelName, requests, clock);
    metrics.adapters(adapters::count);
    DecodeLoop<W> loop =
        new DecodeLoop<>(
            parts.runner(),
            parts.maxSequences(),
            parts.stepTokens(),
            parts.blocks(),
            admission,
            requests,
            clock,
            new Observer(),
            metrics,
            parts.onThreadStart());
    this.thread = Thread.ofPlatform().name("freshet-engine").start(loop);
  }

  @Override
  public final String modelName() {
    return modelName;
  }

  @Override
  public final int maxModelLen() {
    return maxModelLen;
  }

  @Override
  public final int vocabSize() {
    return vocabSize;
  }

  @Override
  public final long policyVersion() {
    return policyVersion;
  }

  @Override
  public final int running() {
    return admission.running();
  }

  @Override
  public final int waiting() {
    return admission.waiting();
  }

  @Override
  public final List<Generation> submit(List<GenerationRequest> requests, Outlet outlet) {
    requests.forEach(this::check);
    return adapters.keeping(
        () -> {
          List<Sequence> sequences =
              requests.stream().map(request -> sequence(request, outlet)).toList();
          admission.add(sequences);
          return List.copyOf(sequences);
        });
  }

  @Override
  public final List<LoadedAdapter> adapters() {
    return adapters.loaded();
  }

  private Sequence sequence(GenerationRequest request, Outlet outlet) {
    SplittableRandom random = new SplittableRandom(request.seed().orElseGet(this::nextSeed));
    int maxTokens = Math.min(request.maxTokens(), maxModelLen - request.prompt().length);
    return new Sequence(
        request,
        request.adapter().map(adapters::named),
        outlet,
        random,
        maxTokens,
        arrivals.getAndIncrement(),
        admission::cancelled);
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
    if (request.rules().minTokens() > 0 && stopsAlways(request.stopTokens())) {
      throw invalid(
          "min_tokens %d: expected 0, because every token of the vocabulary is a stop token"
              .formatted(request.rules().minTokens()));
    }
    if (request.constraint().isPresent() && !obeysConstraints) {
      throw invalid("structured output: expected an engine with a model, got a synthetic one");
    }
    int[] prompt = request.prompt();
    if (prompt.length == 0) {
      throw invalid("the prompt is empty: expected at least one token");
    }
    if (prompt.length >= maxModelLen) {
      throw invalid(
          "the prompt has %d tokens: expected at most %d: the context (inference.max_model_len) is %d, and one token is generated"
              .formatted(prompt.length, maxModelLen - 1, maxModelLen));
    }
    for (int token : prompt) {
      if (token < 0 || token >= vocabSize) {
        throw invalid("prompt token %d: expected 0 to %d".formatted(token, vocabSize - 1));
      }
    }
  }

  private boolean stopsAlways(Set<Integer> stopTokens) {
    return stopTokens.size() >= vocabSize
        && IntStream.range(0, vocabSize).allMatch(stopTokens::contains);
  }

  private static EngineException invalid(String message) {
    return new EngineException(EngineException.Kind.INVALID, message);
  }

  @Override
  public final void update(
      WeightOperation operation, Duration deadline, Consumer<WeightUpdate> decided) {
    switch (operation) {
      case WeightOperation.OfBase ofBase -> updates.carryOut(ofBase, deadline, decided);
      case WeightOperation.OfAdapter ofAdapter -> {
        requireNoFailure();
        adapters.carryOut(ofAdapter, policyVersion, deadline, decided);
      }
    }
  }

  private void requireNoFailure() {
    if (failure.isDone()) {
      EngineException why = failure.join();
      throw new EngineException(why.kind(), why);
    }
  }

  @Override
  public final CompletableFuture<Void> pause(PauseMode mode, boolean clearCache) {
    CompletableFuture<Void> inForce = new CompletableFuture<>();
    requests.submit(new LoopRequests.Pause<>(mode, clearCache, inForce));
    return inForce;
  }

  @Override
  public final CompletableFuture<Void> resume() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    requests.submit(new LoopRequests.Resume<>(done));
    return done;
  }

  /** Publishes the loop's state. */
  private final class Observer implements LoopObserver {
    @Override
    public void failed(EngineException why) {
      failure.complete(why);
    }

    @Override
    public void serves(long version) {
      policyVersion = version;
    }

    @Override
    public void paused(boolean now) {
      paused = now;
      if (now) {
        beginResumeWait();
      } else {
        endResumeWait();
      }
    }
  }

  private void beginResumeWait() {
    synchronized (resumeWait) {
      if (resumeWait.isEmpty()) {
        resumeWait.add(Waits.begin("inference", "POST /resume", "the client that paused it"));
      }
    }
  }

  private void endResumeWait() {
    synchronized (resumeWait) {
      resumeWait.forEach(Waits.Open::close);
      resumeWait.clear();
    }
  }

  @Override
  public final boolean paused() {
    return paused;
  }

  @Override
  public final CompletableFuture<EngineException> failure() {
    return failure.copy();
  }

  @Override
  public final void close() {
    admission.close(LoopRequests.ended());
    updates.stopReading();
    adapters.stopReading();
    try (Waits.Open _ =
        Waits.begin("inference", "the end of its step", "the decode loop", CLOSE_DEADLINE)) {
      if (!thread.join(CLOSE_DEADLINE)) {
        throw new EngineException(
            EngineException.Kind.INTERNAL,
            "the decode loop did not end within %d s".formatted(CLOSE_DEADLINE.toSeconds()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    endResumeWait();
    updates.close(CLOSE_DEADLINE);
    adapters.close();
  }
}
