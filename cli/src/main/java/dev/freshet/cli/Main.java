package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.process.Lifetime;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The {@code freshet} command. Exit codes: 0 done, 1 failure with one clear line, 2 usage or
 * configuration.
 */
@Command(
    name = "freshet",
    mixinStandardHelpOptions = true,
    version = "freshet 0.1.0",
    description = "The RL post-training runtime for the JVM.",
    subcommands = {
      RunCommand.class,
      SftCommand.class,
      ServeCommand.class,
      TrainCommand.class,
      OrchestrateCommand.class,
      UpdateCommand.class,
      WaitsCommand.class,
      BenchCommand.class,
      AnalyzeCommand.class,
      TraceCommand.class
    })
public final class Main {

  private Main() {}

  /** Runs the command line and exits the process. */
  public static void main(String[] arguments) {
    Lifetime.endWithOwner();
    System.exit(run(arguments));
  }

  /** All commands. */
  static CommandLine commands() {
    return new CommandLine(new Main());
  }

  /** Runs the command line. Returns the exit code. */
  static int run(String... arguments) {
    // Programs read the figures: they have a decimal point in every locale.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    CommandLine commands = commands();
    commands.setUnmatchedOptionsArePositionalParams(true); // Dotted overrides.
    commands.setParameterExceptionHandler((refused, _) -> refuse(refused));
    commands.setExecutionExceptionHandler((failure, _, _) -> report(failure));
    if (arguments.length == 0) {
      commands.usage(System.err);
      return ConfigException.EXIT_CODE;
    }
    return commands.execute(arguments);
  }

  private static int refuse(CommandLine.ParameterException refused) {
    say(
        refused.getMessage()
            + "; see "
            + refused.getCommandLine().getCommandSpec().qualifiedName()
            + " --help");
    return ConfigException.EXIT_CODE;
  }

  private static int report(Exception failure) {
    String message = failure.getMessage();
    say(message == null ? failure.toString() : message);
    return failure instanceof ConfigException ? ConfigException.EXIT_CODE : 1;
  }

  /** Prints a message as one line. */
  private static void say(String message) {
    System.err.println("freshet: " + message.strip().replaceAll("\\s*\\R\\s*", " "));
  }
}
