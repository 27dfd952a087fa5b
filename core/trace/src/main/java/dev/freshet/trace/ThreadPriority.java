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
 * The scheduling priority of a thread. Linux counts niceness by thread, and a thread may always
 * make itself nicer; Java's own priorities have no effect there. Other systems count it by process,
 * so there nothing is done.
 */
public final class ThreadPriority {
  /** The niceness of a thread that computes without end. */
  public static final int COMPUTE = 10;

  /**
   * That of an event loop of many streams, between those that compute and the admin lane: a call of
   * the lane goes before the streams, tokens go before the making of further ones.
   */
  public static final int STREAMS = 5;

  private static final int PRIO_PROCESS = 0;
  private static final int CALLING_THREAD = 0;
  private static final Path THREADS = Path.of("/proc/self/task");

  /** What Linux calls the threads of HotSpot that compile; those added later inherit from these. */
  private static final List<String> COMPILERS = List.of("C1 CompilerThre", "C2 CompilerThre");

  private ThreadPriority() {}

  /**
   * Lets other threads of the machine go before the calling one.
   *
   * @param niceness from 1, a little, to 19
   */
  public static void lower(int niceness) {
    if (isLinux()) {
      set(CALLING_THREAD, niceness);
    }
  }

  /**
   * Lets the threads that do the process's work go before those that compile its code. A compiler
   * computes for milliseconds on end, which is what a thread that is woken on its core would wait.
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

  /** What Linux calls a thread; nothing if it has ended. */
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
            "setpriority failed: expected that a thread may make itself nicer");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("setpriority cannot be called", e);
    }
  }
}
