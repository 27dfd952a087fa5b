package dev.freshet.trace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The scheduling priority of a thread. On Linux niceness is per thread and a thread may always
 * raise its own, while Java's priorities have no effect. On other systems niceness is per process,
 * so the methods do nothing there.
 */
public final class ThreadPriority {
  /** The niceness of a thread that computes all the time. */
  public static final int COMPUTE = 10;

  /**
   * The niceness of an event loop of streams: below the admin lane, so that its calls go before the
   * streams, and above computing threads, so that tokens are sent before more are generated.
   */
  public static final int STREAMS = 5;

  private static final int PRIO_PROCESS = 0;
  private static final int CALLING_THREAD = 0;
  private static final Path THREADS = Path.of("/proc/self/task");

  /** The Linux names of HotSpot's compiler threads; threads added later inherit their niceness. */
  private static final List<String> COMPILERS = List.of("C1 CompilerThre", "C2 CompilerThre");

  private ThreadPriority() {}

  /**
   * Lowers the priority of the calling thread.
   *
   * @param niceness 1 (slightly lower) to 19 (lowest)
   */
  public static void lower(int niceness) {
    if (isLinux()) {
      set(CALLING_THREAD, niceness);
    }
  }

  /**
   * Lowers the priority of the JIT compiler threads. A compiler thread computes for milliseconds at
   * a time, and a working thread woken on its core would wait that long.
   */
  public static void lowerCompilers() {
    if (!isLinux()) {
      return;
    }
    try (Stream<Path> threads = Files.list(THREADS)) {
      for (Path thread : threads.toList()) {
        if (COMPILERS.contains(name(thread))) {
          set(Integer.parseInt(thread.getFileName().toString()), COMPUTE);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(THREADS + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** The Linux name of a thread; empty if it has ended. */
  private static String name(Path thread) {
    try {
      return Files.readString(thread.resolve("comm")).strip();
    } catch (IOException e) {
      return "";
    }
  }

  private static boolean isLinux() {
    return System.getProperty("os.name").equals("Linux");
  }

  private static void set(int thread, int niceness) {
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
      int result = (int) setPriority.invokeExact(PRIO_PROCESS, thread, niceness);
      if (result != 0) {
        throw new IllegalStateException(
            "setpriority failed: expected that a thread may raise its own niceness");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("setpriority cannot be called", e);
    }
  }
}
