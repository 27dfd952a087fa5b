package dev.freshet.cli;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.WaitGraph;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code freshet waits}: what the roles of a run wait for, on whom, and what is missing. */
@Command(
    name = "waits",
    mixinStandardHelpOptions = true,
    description = "Say what the roles of a run wait for, and whose turn it is.")
final class WaitsCommand extends RunningCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "URL",
      description = "The listeners of the roles: of servers the admin listener.")
  private List<URI> roles = List.of();

  @Option(
      names = "--admin-token-file",
      paramLabel = "FILE",
      description = "File whose first line is the servers' admin token.")
  private String tokenFile = "";

  @Override
  protected int run(Lifetime lifetime) {
    List<Wait> waits = new ArrayList<>();
    for (URI role : roles) {
      try (AdminClient client =
          new AdminClient(
              role,
              AdminDeadlines.DEFAULT,
              EventLog.silent(MonotonicClock.SYSTEM),
              AdminTokenFile.read(tokenFile))) {
        waits.addAll(client.waits());
      }
    }
    System.out.print(new WaitGraph(waits).text());
    return 0;
  }
}
