package dev.freshet.trace.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** The publication of a step. */
@Name("freshet.CheckpointWrite")
@Label("Checkpoint Write")
@Category("Freshet")
@Description("The publication of a step, to its rename")
@StackTrace(false)
public final class CheckpointWriteEvent extends Event {
  @Label("Step")
  long step;

  @Label("Write Time")
  @Timespan(Timespan.NANOSECONDS)
  long write = Lengths.UNKNOWN;

  /** The write begins. */
  public static CheckpointWriteEvent begun() {
    CheckpointWriteEvent event = new CheckpointWriteEvent();
    event.begin();
    return event;
  }

  /** The step was published after {@code writeMs} by the caller's clock. */
  public void done(long step, double writeMs) {
    end();
    if (shouldCommit()) {
      this.step = step;
      this.write = Lengths.nanos(writeMs);
      commit();
    }
  }
}
