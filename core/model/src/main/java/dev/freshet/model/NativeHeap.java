package dev.freshet.model;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** The heap of the C library, from which libtorch's tensors are allocated. */
public final class NativeHeap {
  /** {@code int malloc_trim(size_t pad)}; only glibc has it. */
  private static final Optional<MethodHandle> TRIM =
      Linker.nativeLinker()
          .defaultLookup()
          .find("malloc_trim")
          .map(
              symbol ->
                  Linker.nativeLinker()
                      .downcallHandle(
                          symbol,
                          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG)));

  private NativeHeap() {}

  /**
   * Gives freed memory back to the system. glibc keeps freed blocks of up to 32 MiB, so without it
   * the weights of a version that was freed would remain resident.
   */
  public static void trim() {
    TRIM.ifPresent(NativeHeap::call);
  }

  private static void call(MethodHandle trim) {
    try {
      int ignored = (int) trim.invokeExact(0L);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot call malloc_trim", e);
    }
  }
}
