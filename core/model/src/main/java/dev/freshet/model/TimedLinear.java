package dev.freshet.model;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Linear layers whose time is added to a clock. */
public record TimedLinear(Linear linear, Clock clock) implements Linear {
  /** Sums up the time of linear layers. Belongs to one thread. */
  public static final class Clock {
    private long nanos;

    /** Nanoseconds spent in linear layers so far. */
    public long nanos() {
      return nanos;
    }
  }

  @Override
  public List<Tensor> apply(Tensor input) {
    long start = System.nanoTime();
    List<Tensor> outputs = linear.apply(input);
    clock.nanos += System.nanoTime() - start;
    return outputs;
  }

  @Override
  public void close() {
    linear.close();
  }
}
