package dev.freshet.inference;

import dev.freshet.client.VerifyLevel;
import dev.freshet.trace.MonotonicClock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;

/**
 * An engine without a model, by which everything around one can be measured: it takes a decode step
 * for all running completions {@code rate} times a second, in which each gets the token after its
 * last. A step that is late moves those after it; none is made up for. Admission, updates and
 * pauses are those of any engine; a weight update reads nothing but takes the step it is given.
 */
public final class SyntheticEngine extends LoopEngine<SyntheticEngine.Weights> {
  private static final float LOGPROB = -1;
  private static final WeightUpdate.PrepareTimes NOTHING =
      new WeightUpdate.PrepareTimes(0, 0, 0, 0);

  /**
   * @param rate tokens a second of each completion
   */
  public SyntheticEngine(EngineOptions options, int vocabSize, double rate, MonotonicClock clock) {
    super(
        new Parts<>(
            options.modelName(),
            vocabSize,
            options.maxModelLen(),
            options.maxSequences(),
            options.maxWaiting(),
            options.prefillTokens(),
            new Runner(vocabSize, Math.round(1e9 / rate), clock),
            new Source(),
            () -> {}),
        clock);
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
    private final int vocabSize;
    private final long intervalNanos;
    private final MonotonicClock clock;
    private Weights weights = new Weights(0);
    private long dueNanos;

    Runner(int vocabSize, long intervalNanos, MonotonicClock clock) {
      this.vocabSize = vocabSize;
      this.intervalNanos = intervalNanos;
      this.clock = clock;
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
    public List<Sampler.Sample> decode(List<Sequence> running) {
      awaitStep();
      running.forEach(sequence -> sequence.cached(sequence.cached() + 1));
      return next(running);
    }

    private void awaitStep() {
      long now = clock.nanos();
      while (now < dueNanos && !Thread.currentThread().isInterrupted()) {
        LockSupport.parkNanos(dueNanos - now);
        now = clock.nanos();
      }
      dueNanos = (now - dueNanos < intervalNanos ? dueNanos : now) + intervalNanos;
    }

    private List<Sampler.Sample> next(List<Sequence> sequences) {
      List<Sampler.Sample> samples = new ArrayList<>(sequences.size());
      for (Sequence sequence : sequences) {
        int last = sequence.token(sequence.cached() - 1);
        samples.add(new Sampler.Sample((last + 1) % vocabSize, LOGPROB, List.of()));
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
