package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.ThreadPriority;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * An engine without a model, for measuring everything around an engine. It takes decode steps at a
 * fixed rate; in each, every running completion gets the next token of a cycle. A completion's
 * first token comes at once, as from a prefill. Steps are due on a grid of one period; steps that
 * become due while one is late are skipped. Admission, updates and pauses work as in any engine; a
 * weight update reads no files and only takes over the requested step.
 */
public final class SyntheticEngine extends LoopEngine<SyntheticEngine.Weights> {
  private static final int MAX_SEQUENCES = 1 << 17;
  private static final int MAX_MODEL_LEN = 1 << 20;
  private static final int STEP_TOKENS = 1 << 30;
  private static final float LOGPROB = -0.5f;
  private static final WeightUpdate.PrepareTimes NO_TIME =
      new WeightUpdate.PrepareTimes(0, 0, 0, 0);

  /**
   * @param cycle the token ids that completions consist of, at least one
   * @param perSecond decode steps a second, above 0
   */
  public SyntheticEngine(
      String modelName,
      int vocabSize,
      int[] cycle,
      double perSecond,
      MonotonicClock clock,
      EngineMetrics metrics) {
    super(
        new Parts<>(
            modelName,
            vocabSize,
            MAX_MODEL_LEN,
            MAX_SEQUENCES,
            MAX_SEQUENCES,
            STEP_TOKENS,
            // One block holds any sequence.
            new KvBlocks(2 * MAX_SEQUENCES, MAX_MODEL_LEN),
            new Runner(cycle.clone(), Math.max(1, Math.round(1e9 / perSecond)), clock),
            new Source(),
            SyntheticEngine::refuseAdapter,
            1,
            () -> ThreadPriority.lower(ThreadPriority.COMPUTE)),
        clock,
        metrics);
  }

  private static AdapterSource.Read refuseAdapter(Path dir) {
    throw new EngineException(
        EngineException.Kind.INVALID,
        "cannot load %s: a synthetic engine has no adapters".formatted(dir));
  }

  /** Weights that consist of their version. */
  record Weights(long version) implements PolicyWeights {
    @Override
    public void requireIntact() {}

    @Override
    public void retire() {}

    @Override
    public void fault() {}

    @Override
    public void rebuild() {}

    @Override
    public void close() {}
  }

  private record Step(long version) implements WeightSource.Read<Weights> {
    @Override
    public WeightSource.Loaded<Weights> build() {
      return new WeightSource.Loaded<>(new Weights(version), NO_TIME);
    }

    @Override
    public void close() {}
  }

  private static final class Source implements WeightSource<Weights> {
    @Override
    public long version(Path dir, OptionalLong step) {
      return step.orElseThrow(
          () ->
              new EngineException(
                  EngineException.Kind.INVALID,
                  "a synthetic engine reads no manifest: expected a step in the request"));
    }

    @Override
    public Read<Weights> read(Path dir, long version, VerifyLevel verify) {
      return new Step(version);
    }

    @Override
    public Read<Weights> readBase() {
      return new Step(0);
    }
  }

  private static final class Runner implements ModelRunner<Weights> {
    private final int[] cycle;
    private final long periodNanos;
    private final MonotonicClock clock;
    private Weights weights = new Weights(0);
    private long dueNanos;

    Runner(int[] cycle, long periodNanos, MonotonicClock clock) {
      this.cycle = cycle;
      this.periodNanos = periodNanos;
      this.clock = clock;
      this.dueNanos = clock.nanos() + periodNanos;
    }

    @Override
    public long version() {
      return weights.version();
    }

    @Override
    public Weights swap(Weights next) {
      Weights replaced = weights;
      weights = next;
      return replaced;
    }

    @Override
    public long waitNanos() {
      return dueNanos - clock.nanos();
    }

    @Override
    public List<Sampler.Sample> step(List<Chunk> chunks) {
      if (chunks.stream().anyMatch(Chunk::isDecode)) {
        long periodsDue = 1 + (clock.nanos() - dueNanos) / periodNanos;
        dueNanos += periodsDue * periodNanos;
      }
      List<Sampler.Sample> samples = new ArrayList<>(chunks.size());
      for (Chunk chunk : chunks) {
        reportPrompt(chunk);
        if (chunk.isLast()) {
          int made = chunk.sequence().generated();
          samples.add(new Sampler.Sample(cycle[made % cycle.length], LOGPROB, List.of()));
        }
      }
      return samples;
    }

    private static void reportPrompt(Chunk chunk) {
      Sequence sequence = chunk.sequence();
      if (sequence.reportsPrompt()) {
        int end = Math.min(chunk.end() + 1, sequence.promptLength());
        for (int position = chunk.start() + 1; position < end; position++) {
          sequence.promptLogprob(
              position, new PromptLogprob(sequence.token(position), LOGPROB, 1, List.of()));
        }
      }
    }

    @Override
    public boolean obeysConstraints() {
      return false;
    }

    @Override
    public void copyBlock(int from, int to, int tokens) {}

    @Override
    public void close() {}
  }
}
