package dev.freshet.weights;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What the Linux kernel is told of the pages of a file mapping. Does nothing on other systems. */
final class PageAdvice {
  private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

  /** Of Linux: for a mapped file, to unmap the pages until they are touched again. */
  private static final int MADV_DONTNEED = 4;

  private PageAdvice() {}

  /** The call, looked up when it is first needed. */
  private static final class Madvise {
    static final MethodHandle CALL =
        Linker.nativeLinker()
            .downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("madvise"),
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT));
  }

  /**
   * Gives the resident pages of a read-only file mapping back; a later read faults them in anew. If
   * the kernel refuses, they stay, which harms nobody.
   *
   * @param mapping from the start of a page
   * @return whether the pages were given back
   */
  static boolean dontNeed(MemorySegment mapping) {
    if (!LINUX) {
      return false;
    }
    try {
      return (int) Madvise.CALL.invokeExact(mapping, mapping.byteSize(), MADV_DONTNEED) == 0;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new CheckpointException("madvise cannot be called", e);
    }
  }
}
