package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * A part of a weight update. It is recorded when the update has ended, so its length is a field.
 */
@Name("freshet.UpdatePhase")
@Label("Weight Update Phase")
@Category("Freshet")
@Description("A part of a weight update, recorded when its update ended")
@StackTrace(false)
final class UpdatePhaseEvent extends Event {
  @Label("Trace Id")
  String traceId = "";

  @Label("Phase")
  String phase = "";

  @Label("Length")
  @Timespan(Timespan.NANOSECONDS)
  long length = Lengths.UNKNOWN;
}
