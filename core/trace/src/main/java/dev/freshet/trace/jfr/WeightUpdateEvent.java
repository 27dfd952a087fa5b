package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** One call of the admin lane, from client.send to client.done. */
@Name("freshet.WeightUpdate")
@Label("Weight Update")
@Category("Freshet")
@Description("One call of the admin lane, as its client sees it")
@StackTrace(false)
final class WeightUpdateEvent extends Event {
  @Label("Trace Id")
  String traceId = "";

  @Label("Operation")
  String operation = "";

  @Label("Server")
  String server = "";

  @Label("Checkpoint")
  String checkpoint = "";

  @Label("Policy Version, -1 if the checkpoint is not named after one")
  long policyVersion = -1;

  @Label("Wall Time")
  @Timespan(Timespan.NANOSECONDS)
  long wall = Lengths.UNKNOWN;

  @Label("Queue Time")
  @Timespan(Timespan.NANOSECONDS)
  long queue = Lengths.UNKNOWN;

  @Label("Engine Time")
  @Timespan(Timespan.NANOSECONDS)
  long rpc = Lengths.UNKNOWN;

  @Label("Stall of Decoding")
  @Timespan(Timespan.NANOSECONDS)
  long stall = Lengths.UNKNOWN;

  @Label("Error")
  String error = "";
}
