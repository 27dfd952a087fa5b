package dev.freshet.weights;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Advice to the Linux kernel about pages of memory. Does nothing on other systems. */
public final class PageAdvice {
  private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

  /** On a mapped file: unmap the pages until they are touched again. */
  private static final int MADV_DONTNEED = 4;

  private static final int MADV_HUGEPAGE = 14;

  private PageAdvice() {}

  /** The native functions, looked up on first use. */
  private static final class Native {
    static final MethodHandle MADVISE =
        function(
            "madvise",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));

    static final long PAGE_BYTES = pageBytes();

    private static MethodHandle function(String name, FunctionDescriptor type) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }

    private static long pageBytes() {
      try {
        return (int)
            function("getpagesize", FunctionDescriptor.of(ValueLayout.JAVA_INT)).invokeExact();
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new CheckpointException("cannot call getpagesize", e);
      }
    }
  }

  /**
   * Gives the resident pages of a read-only file mapping back; a later read faults them in again.
   *
   * @param mapping starts at a page boundary
   */
  static void dontNeed(MemorySegment mapping) {
    advise(mapping, MADV_DONTNEED);
  }

  /** As {@link #dontNeed}, for the whole pages within a part of a mapping. */
  static void dontNeedWithin(MemorySegment part) {
    if (!LINUX) {
      return;
    }
    long page = Native.PAGE_BYTES;
    long first = Math.ceilDiv(part.address(), page) * page - part.address();
    long end = (part.address() + part.byteSize()) / page * page - part.address();
    if (first < end) {
      advise(part.asSlice(first, end - first), MADV_DONTNEED);
    }
  }

  /**
   * Lets the kernel back memory with huge pages as it is touched. A file mapping is then read from
   * the disk, mapped and unmapped many times faster; scattered reads of memory find their addresses
   * in the processor's table of translations.
   *
   * @param memory starts at a page boundary
   */
  public static void hugePages(MemorySegment memory) {
    advise(memory, MADV_HUGEPAGE);
  }

  /** Ignores a refusal by the kernel: the advice only affects speed and memory. */
  private static void advise(MemorySegment mapping, int advice) {
    if (!LINUX) {
      return;
    }
    try {
      int ignored = (int) Native.MADVISE.invokeExact(mapping, mapping.byteSize(), advice);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new CheckpointException("cannot call madvise", e);
    }
  }
}
