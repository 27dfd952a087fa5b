package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A policy-gradient step over one batch. */
@Name("freshet.TrainingStep")
@Label("Training Step")
@Category("Freshet")
@Description("Forward, backward and optimizer step over one batch")
@StackTrace(false)
public final class TrainingStepEvent extends Event {
  @Label("Step")
  long step;

  @Label("Length")
  @Timespan(Timespan.NANOSECONDS)
  long length = Lengths.UNKNOWN;

  @Label("Wait for the Batch")
  @Timespan(Timespan.NANOSECONDS)
  long batchWait = Lengths.UNKNOWN;

  @Label("Target Tokens")
  long tokens;

  @Label("Loss")
  double loss;

  @Label("Gradient Norm")
  double gradNorm;

  @Label("Mismatch KL")
  double mismatchKl;

  /** The step begins. */
  public static TrainingStepEvent begun() {
    TrainingStepEvent event = new TrainingStepEvent();
    event.begin();
    return event;
  }

  /** The step ended after {@code stepMs} by the caller's clock. */
  public void done(
      long step,
      double stepMs,
      double batchWaitMs,
      long tokens,
      double loss,
      double gradNorm,
      double mismatchKl) {
    end();
    if (shouldCommit()) {
      this.step = step;
      this.length = Lengths.nanos(stepMs);
      this.batchWait = Lengths.nanos(batchWaitMs);
      this.tokens = tokens;
      this.loss = loss;
      this.gradNorm = gradNorm;
      this.mismatchKl = mismatchKl;
      commit();
    }
  }
}
