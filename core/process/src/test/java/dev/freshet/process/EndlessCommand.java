package dev.freshet.process;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/**
 * A process for {@link LifetimeTest}, with an exit handler of C that writes {@link #HANDLER} to
 * standard error. It never closes its resources, unless it is to exit with a status by itself.
 */
final class EndlessCommand {
  static final String READY = "ready";
  static final String HANDLER = "an exit handler of C ran";

  private EndlessCommand() {}

  /**
   * Arguments: the deadline in milliseconds or {@code none}, and the exit status, if there is one.
   */
  public static void main(String[] arguments) throws Throwable {
    Linker linker = Linker.nativeLinker();
    // psignal(int, const char *) has the type of a handler: it gets the status and the text.
    int _ =
        (int)
            linker
                .downcallHandle(
                    linker.defaultLookup().findOrThrow("on_exit"),
                    FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS))
                .invokeExact(
                    linker.defaultLookup().findOrThrow("psignal"),
                    Arena.global().allocateFrom(HANDLER));
    if (!arguments[0].equals("none")) {
      Lifetime lifetime = Lifetime.install(Duration.ofMillis(Long.parseLong(arguments[0])));
      if (arguments.length > 1) {
        lifetime.closed();
      }
    }
    if (arguments.length > 1) {
      System.exit(Integer.parseInt(arguments[1]));
    }
    System.out.println(READY);
    Thread.sleep(Long.MAX_VALUE);
  }
}
