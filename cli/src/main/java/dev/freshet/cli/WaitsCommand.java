package dev.freshet.cli;

import dev.freshet.client.RemoteWaits;
import dev.freshet.process.Lifetime;
import dev.freshet.trace.waits.Wait;
import dev.freshet.trace.waits.WaitGraph;
import dev.freshet.wire.AdminTokenFile;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code freshet waits}: what the roles of a run are blocked on, and which role must act. */
@Command(
    name = "waits",
    mixinStandardHelpOptions = true,
    description = "Show what the roles of a run are blocked on, and which role must act.")
final class WaitsCommand extends RunningCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "URL",
      description = "Listeners of the roles; of an inference server, the admin listener.")
  private List<URI> roles = List.of();

  @Option(
      names = "--admin-token-file",
      paramLabel = "FILE",
      description = "File whose first line is the servers' admin token (default: none).")
  private String tokenFile = "";

  @Override
  protected int run(Lifetime lifetime) throws InterruptedException {
    lifetime.onStop(Thread.currentThread()::interrupt);
    List<String> silent = new ArrayList<>();
    List<Wait> waits = new RemoteWaits(roles, AdminTokenFile.read(tokenFile)).ask(silent::add);
    silent.forEach(System.err::println);
    if (silent.size() < roles.size()) {
      System.out.print(new WaitGraph(waits).text());
    }
    return silent.isEmpty() ? 0 : 1;
  }
}
