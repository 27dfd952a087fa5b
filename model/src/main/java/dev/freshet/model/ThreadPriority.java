package dev.freshet.model;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The scheduling priority of a thread. Linux counts niceness by thread, and a thread may always
 * make itself nicer; Java's own priorities have no effect there. Other systems count it by process,
 * so there nothing is done.
 */
public final class ThreadPriority {
  /** The niceness of a thread that computes without end. */
  public static final int COMPUTE = 10;

  private static final int PRIO_PROCESS = 0;
  private static final int CALLING_THREAD = 0;

  private ThreadPriority() {}

  /**
   * Lets other threads of the machine go before the calling one.
   *
   * @param niceness from 1, a little, to 19
   */
  public static void lower(int niceness) {
    if (!System.getProperty("os.name").equals("Linux")) {
      return;
    }
    Linker linker = Linker.nativeLinker();
    MethodHandle setPriority =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("setpriority"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT));
    try {
      int result = (int) setPriority.invokeExact(PRIO_PROCESS, CALLING_THREAD, niceness);
      if (result != 0) {
        throw new ModelException(
            "setpriority failed: expected that a thread may make itself nicer");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new ModelException("setpriority cannot be called", e);
    }
  }
}
