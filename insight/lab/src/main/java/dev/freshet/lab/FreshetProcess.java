package dev.freshet.lab;

import dev.freshet.process.Lifetime;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The command line of {@code freshet} in a process of its own, on the JDK and the class path of
 * this process. It ends with this one.
 */
public final class FreshetProcess {
  private FreshetProcess() {}

  /**
   * The command of such a process.
   *
   * @param main the main class of the {@code freshet} command
   * @param usual options of its JVM, such as {@link #options}
   * @param javaOptions options of its JVM after those
   * @param arguments the subcommand and its arguments
   */
  public static List<String> command(
      Class<?> main, List<String> usual, List<String> javaOptions, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(usual);
    command.addAll(javaOptions);
    command.add(Lifetime.endsWith(ProcessHandle.current().pid()));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    return command;
  }

  /** The options of this process's JVM. */
  public static List<String> options() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments();
  }
}
