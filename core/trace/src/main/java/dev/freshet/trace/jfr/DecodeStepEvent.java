package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/**
 * One run of the model: the next tokens of running sequences, and parts of prompts. By default only
 * those above 20 ms are recorded.
 */
@Name("freshet.DecodeStep")
@Label("Decode Step")
@Category("Freshet")
@Description("One run of the model for all running sequences; by default those above 20 ms")
@StackTrace(false)
@Threshold("20 ms")
public final class DecodeStepEvent extends Event {
  @Label("Prefill")
  boolean prefill;

  @Label("Sequences")
  int sequences;

  @Label("Policy Version")
  long policyVersion;

  /** The step begins. */
  public static DecodeStepEvent begun() {
    DecodeStepEvent event = new DecodeStepEvent();
    event.begin();
    return event;
  }

  /** The tokens are sampled. */
  public void done(boolean prefill, int sequences, long policyVersion) {
    end();
    if (shouldCommit()) {
      this.prefill = prefill;
      this.sequences = sequences;
      this.policyVersion = policyVersion;
      commit();
    }
  }
}
