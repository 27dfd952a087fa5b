package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** How much of a batch was cut off and how far its policy lags. */
@Name("freshet.BatchQuality")
@Label("Batch Quality")
@Category("Freshet")
@Description("How much of a batch was cut off and how far its policy lags")
@StackTrace(false)
final class BatchQualityEvent extends Event {
  @Label("Completions Cut Off, Percent")
  double truncated;

  @Label("Step Trained")
  long currentStep;

  @Label("Staleness in Steps")
  long staleness;
}
