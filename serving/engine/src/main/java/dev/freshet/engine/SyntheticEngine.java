package dev.freshet.engine;

import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.ThreadPriority;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
            Integer.MAX_VALUE,
            new Runner(cycle.clone(), Math.max(1, Math.round(1e9 / perSecond)), clock),
            new Source(),
            () -> ThreadPriority.lower(ThreadPriority.COMPUTE)),
        clock,
        metrics);
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
    public List<Sampler.Sample> prefill(List<Sequence> fresh, int first) {
      fresh.forEach(sequence -> sequence.cached(sequence.promptLength()));
      return next(fresh);
    }

    @Override
    public Optional<Sampler.Sample> extend(Sequence sequence, int slot, int tokens) {
      sequence.cached(Math.min(sequence.promptLength(), sequence.cached() + tokens));
      return sequence.cached() < sequence.promptLength()
          ? Optional.empty()
          : Optional.of(next(List.of(sequence)).getFirst());
    }

    @Override
    public long waitNanos() {
      return dueNanos - clock.nanos();
    }

    @Override
    public List<Sampler.Sample> decode(List<Sequence> running) {
      long periodsDue = 1 + (clock.nanos() - dueNanos) / periodNanos;
      dueNanos += periodsDue * periodNanos;
      running.forEach(sequence -> sequence.cached(sequence.cached() + 1));
      return next(running);
    }

    private List<Sampler.Sample> next(List<Sequence> sequences) {
      List<Sampler.Sample> samples = new ArrayList<>(sequences.size());
      for (Sequence sequence : sequences) {
        int made = sequence.cached() - sequence.promptLength();
        samples.add(new Sampler.Sample(cycle[made % cycle.length], LOGPROB, List.of()));
      }
      return samples;
    }

    @Override
    public void recompute(List<Sequence> running) {}

    @Override
    public void move(int from, int to, int length) {}

    @Override
    public void clear(int slot) {}

    @Override
    public void close() {}
  }
}
