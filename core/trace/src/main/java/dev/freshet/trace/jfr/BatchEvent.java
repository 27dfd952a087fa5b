package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A batch is collected, from batch.start to batch.done. */
@Name("freshet.Batch")
@Label("Batch")
@Category("Freshet")
@Description("From batch.start to batch.done")
@StackTrace(false)
final class BatchEvent extends Event {
  @Label("Completions")
  int completions;

  @Label("Completions in Flight at Start")
  int inflightAtStart;

  @Label("Completions in Flight at End")
  int inflight;

  @Label("Length")
  @Timespan(Timespan.NANOSECONDS)
  long length = Lengths.UNKNOWN;
}
