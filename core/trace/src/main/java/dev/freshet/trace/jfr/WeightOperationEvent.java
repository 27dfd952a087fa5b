package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A server's part of an update, from rpc.start to rpc.done. */
@Name("freshet.WeightOperation")
@Label("Weight Operation")
@Category("Freshet")
@Description("A server's part of an update, from rpc.start to rpc.done")
@StackTrace(false)
final class WeightOperationEvent extends Event {
  @Label("Trace Id")
  String traceId = "";

  @Label("Operation")
  String operation = "";

  @Label("Requested Phase")
  String phase = "";

  @Label("Policy Version Served Afterwards, -1 if it failed")
  long policyVersion = -1;

  @Label("Engine Time")
  @Timespan(Timespan.NANOSECONDS)
  long rpc = Lengths.UNKNOWN;

  @Label("Stall of Decoding")
  @Timespan(Timespan.NANOSECONDS)
  long stall = Lengths.UNKNOWN;

  @Label("Error")
  String error = "";
}
