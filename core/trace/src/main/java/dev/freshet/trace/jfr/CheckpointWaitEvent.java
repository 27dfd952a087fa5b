package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** The pipeline waits for the weights of a step, from wait.start to wait.done. */
@Name("freshet.CheckpointWait")
@Label("Wait for Weights")
@Category("Freshet")
@Description("From wait.start to wait.done")
@StackTrace(false)
final class CheckpointWaitEvent extends Event {
  @Label("Step")
  long step;

  @Label("Time the Pipeline Was Blocked")
  @Timespan(Timespan.NANOSECONDS)
  long wait = Lengths.UNKNOWN;
}
