package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.Timespan;

/**
 * Decoding is held between two steps to swap the weights. By default only stalls above 1 ms are
 * recorded.
 */
@Name("freshet.DecodeStall")
@Label("Decode Stall")
@Category("Freshet")
@Description("Decoding was held between two steps to swap the weights; by default those above 1 ms")
@StackTrace(false)
@Threshold("1 ms")
public final class DecodeStallEvent extends Event {
  @Label("Policy Version From Then On")
  long policyVersion;

  @Label("Mode")
  String mode = "";

  @Label("Running Sequences")
  int sequences;

  @Label("Stall")
  @Timespan(Timespan.NANOSECONDS)
  long stall = Lengths.UNKNOWN;

  /** The stall begins. */
  public static DecodeStallEvent begun() {
    DecodeStallEvent event = new DecodeStallEvent();
    event.begin();
    return event;
  }

  /** The stall ended after {@code nanos} by the engine's clock. */
  public void done(long policyVersion, String mode, int sequences, long nanos) {
    end();
    if (shouldCommit()) {
      this.policyVersion = policyVersion;
      this.mode = mode;
      this.sequences = sequences;
      this.stall = nanos;
      commit();
    }
  }
}
