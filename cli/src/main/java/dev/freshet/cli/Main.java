package dev.freshet.cli;

import dev.freshet.analysis.AnalysisException;
import dev.freshet.config.ConfigException;
import dev.freshet.process.Lifetime;
import dev.freshet.trace.FreeText;
import dev.freshet.wire.Version;
import java.net.URI;
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
    version = "freshet " + Version.NUMBER,
    description = "The RL post-training runtime for the JVM.",
    subcommands = {
      RunCommand.class,
      SftCommand.class,
      ImportCommand.class,
      ServeCommand.class,
      RouteCommand.class,
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
    return new CommandLine(new Main()).registerConverter(URI.class, new UrlOption());
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
    try {
      return commands.execute(arguments);
    } catch (Error failure) { // Out of memory, for example.
      say(FreeText.escaped(oneLine("the command failed: " + failure)));
      return 1;
    }
  }

  private static int refuse(CommandLine.ParameterException refused) {
    say(
        oneLine(
            refused.getMessage()
                + "; see "
                + refused.getCommandLine().getCommandSpec().qualifiedName()
                + " --help"));
    return ConfigException.EXIT_CODE;
  }

  /** An analysis quotes logs; any other message must hold no tag, as it may get into a log. */
  private static int report(Exception failure) {
    String message = failure.getMessage();
    String line = oneLine(message == null ? failure.toString() : message);
    say(failure instanceof AnalysisException ? line : FreeText.escaped(line));
    return failure instanceof ConfigException ? ConfigException.EXIT_CODE : 1;
  }

  private static String oneLine(String message) {
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static void say(String line) {
    System.err.println("freshet: " + line);
  }
}
