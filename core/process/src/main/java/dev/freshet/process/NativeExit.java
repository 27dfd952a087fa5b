package dev.freshet.process;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * How the JVM leaves the process. It calls {@code exit(3)}, even for {@link Runtime#halt}, which
 * runs the destructors of every native library while other threads may compute in it: libtorch then
 * crashes with SIGSEGV.
 *
 * <p>glibc runs exit handlers in reverse order of registration. One that is registered last and
 * calls {@code _exit(2)} therefore ends the process before any destructor has run, and keeps the
 * exit status. Other C libraries lack {@code on_exit}; there the destructors run.
 */
final class NativeExit {
  private NativeExit() {}

  /**
   * Makes the process end without the exit handlers of C that are registered before this call.
   * Those registered later still run, so the last shutdown hook calls this at its end.
   */
  static void skipHandlers() {
    Linker linker = Linker.nativeLinker();
    SymbolLookup c = linker.defaultLookup();
    c.find("on_exit")
        .map(
            address ->
                linker.downcallHandle(
                    address,
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS)))
        .ifPresent(onExit -> register(onExit, c.findOrThrow("_exit")));
  }

  /**
   * Registers {@code handler} with {@code int on_exit(void (*)(int status, void *), void *)}.
   * {@code _exit} takes the status and ignores the second argument.
   */
  private static void register(MethodHandle onExit, MemorySegment handler) {
    try {
      int result = (int) onExit.invokeExact(handler, MemorySegment.NULL);
      if (result != 0) {
        throw new IllegalStateException("on_exit failed: expected memory for one more handler");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot call on_exit", e);
    }
  }
}
