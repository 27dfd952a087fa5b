package dev.freshet.engine;

import dev.freshet.text.Tokenizer;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.ThreadPriority;
import dev.freshet.wire.VerifyLevel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * An engine without a model, by which everything around one can be measured: it takes a decode step
 * for all running completions so many times a second, in which each gets the next of the
 * tokenizer's printable tokens. A completion's first token comes at once, as from a prefill. Steps
 * are due on a grid of one period; those that become due while one is late are left out, never made
 * up for. Admission, updates and pauses are those of any engine; a weight update reads nothing but
 * takes the step it is given.
 */
public final class SyntheticEngine extends LoopEngine<SyntheticEngine.Weights> {
  private static final int MAX_SEQUENCES = 1 << 17;
  private static final int MAX_MODEL_LEN = 1 << 20;
  private static final int MAX_CYCLE = 1000;
  private static final float LOGPROB = -0.5f;
  private static final WeightUpdate.PrepareTimes NOTHING =
      new WeightUpdate.PrepareTimes(0, 0, 0, 0);

  /**
   * @param perSecond decode steps a second, above 0
   * @throws EngineException INVALID if the tokenizer has no printable token
   */
  public SyntheticEngine(
      String modelName,
      Tokenizer tokenizer,
      double perSecond,
      MonotonicClock clock,
      EngineMetrics metrics) {
    super(
        new Parts<>(
            modelName,
            tokenizer.vocabSize(),
            MAX_MODEL_LEN,
            MAX_SEQUENCES,
            MAX_SEQUENCES,
            Integer.MAX_VALUE,
            new Runner(printable(tokenizer), Math.max(1, Math.round(1e9 / perSecond)), clock),
            new Source(),
            () -> ThreadPriority.lower(ThreadPriority.COMPUTE)),
        clock,
        metrics);
  }

  private static int[] printable(Tokenizer tokenizer) {
    List<Integer> ids = new ArrayList<>();
    for (int id = 0; id < tokenizer.vocabSize() && ids.size() < MAX_CYCLE; id++) {
      String text = tokenizer.decode(new int[] {id}, true);
      if (!text.isBlank()
          && text.chars().noneMatch(c -> c == '\uFFFD' || Character.isISOControl(c))) {
        ids.add(id);
      }
    }
    if (ids.isEmpty()) {
      throw new EngineException(
          EngineException.Kind.INVALID,
          "the tokenizer has no printable token: expected at least one");
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  /** A version, and nothing else. */
  record Weights(long version) implements PolicyWeights {
    @Override
    public void requireIntact() {}

    @Override
    public void retire() {}

    @Override
    public WeightUpdate.PrepareTimes revive(MonotonicClock clock) {
      return NOTHING;
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
                  EngineException.Kind.INVALID, "a synthetic engine: expected a step"));
    }

    @Override
    public Loaded<Weights> load(Path dir, long version, VerifyLevel verify) {
      return new Loaded<>(new Weights(version), NOTHING);
    }

    @Override
    public Loaded<Weights> base() {
      return new Loaded<>(new Weights(0), NOTHING);
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
    public Weights exchange(Weights next) {
      Weights replaced = weights;
      weights = next;
      return replaced;
    }

    @Override
    public List<Sampler.Sample> prefill(List<Sequence> fresh, int first) {
      fresh.forEach(sequence -> sequence.cached(sequence.request().prompt().length));
      return next(fresh);
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
        int made = sequence.cached() - sequence.request().prompt().length;
        samples.add(new Sampler.Sample(cycle[made % cycle.length], LOGPROB, List.of()));
      }
      return samples;
    }

    @Override
    public void recompute(List<Sequence> running) {}

    @Override
    public void release(int slot, int last, int length) {}

    @Override
    public void clear(int slot) {}

    @Override
    public void close() {}
  }
}
