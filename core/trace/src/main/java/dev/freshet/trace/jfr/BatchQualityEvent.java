package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The truncated share of a batch and its staleness. */
@Name("freshet.BatchQuality")
@Label("Batch Quality")
@Category("Freshet")
@Description("The truncated share of a batch and its staleness")
@StackTrace(false)
final class BatchQualityEvent extends Event {
  @Label("Truncated Completions, Percent")
  double truncated;

  @Label("Step Trained")
  long currentStep;

  @Label("Staleness in Steps")
  long staleness;
}
