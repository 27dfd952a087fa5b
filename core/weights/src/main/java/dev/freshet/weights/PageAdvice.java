package dev.freshet.weights;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What the Linux kernel is told of the pages of a file mapping. Does nothing on other systems. */
final class PageAdvice {
  private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

  /** For a mapped file: to unmap the pages until they are touched again. */
  private static final int MADV_DONTNEED = 4;

  private static final int MADV_HUGEPAGE = 14;

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
   * Gives the resident pages of a read-only file mapping back; a later read faults them in anew.
   *
   * @param mapping from the start of a page
   */
  static void dontNeed(MemorySegment mapping) {
    advise(mapping, MADV_DONTNEED);
  }

  /**
   * Has what is yet to come from the disk read in huge pages, which are mapped and unmapped many
   * times faster than small ones.
   *
   * @param mapping from the start of a page
   */
  static void hugePages(MemorySegment mapping) {
    advise(mapping, MADV_HUGEPAGE);
  }

  /** A kernel that refuses leaves everything as it was, which is as well. */
  private static void advise(MemorySegment mapping, int advice) {
    if (!LINUX) {
      return;
    }
    try {
      int ignored = (int) Madvise.CALL.invokeExact(mapping, mapping.byteSize(), advice);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new CheckpointException("madvise cannot be called", e);
    }
  }
}
