package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.fleet.PeerServer;
import dev.freshet.fleet.TransactionJournal;
import dev.freshet.trace.waits.Waits;
import java.io.IOException;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** What must hold of a fleet whatever happens to it: during the faults, and once they are over. */
final class FleetInvariants {
  private final ChaosFleet fleet;
  private final List<String> directories;

  FleetInvariants(ChaosFleet fleet, List<String> directories) {
    this.fleet = fleet;
    this.directories = directories;
  }

  /**
   * While no order is carried out, each server that is paused is being caught up, or is out of
   * rotation with a line that says who must act.
   */
  void nothingIsPausedWithoutALine() throws InterruptedException {
    for (int i = 0; i < fleet.members().size(); i++) {
      int index = i;
      FrontFixture.await(
          "server %d is resumed, or a line says who must act".formatted(i),
          () -> !isPausedWithoutALine(index));
    }
  }

  private boolean isPausedWithoutALine(int index) {
    PeerServer server = fleet.members().get(index).server();
    if (!server.paused || server.isKilled() || server.isStopped()) {
      return false;
    }
    try {
      return !fleet.replica(index).has("reason") && !isPausedByAnother(index);
    } catch (IOException e) {
      return true;
    }
  }

  /** Whether the front waits until whoever has paused a server that serves resumes it. */
  private boolean isPausedByAnother(int index) {
    String resume = "the resume of server " + fleet.members().get(index).network().url();
    return Waits.open().stream().anyMatch(wait -> wait.what().equals(resume));
  }

  /**
   * Once the faults are over, all servers serve the version that the front states, and the journal
   * has no open transaction. An operator does what the lines about the servers ask for.
   *
   * @return the version
   */
  int allServeOneVersion() throws InterruptedException {
    FrontFixture.await(
        "all serve one version",
        () -> {
          for (int i = 0; i < fleet.members().size(); i++) {
            restartIfAsked(i);
          }
          return allServe();
        });
    FrontFixture.await(
        "the end of the journal's last transaction",
        () -> new TransactionJournal(fleet.journal()).open().isEmpty());
    return version();
  }

  private boolean allServe() {
    int version = version();
    for (int i = 0; i < fleet.members().size(); i++) {
      if (version < 0
          || !state(i).equals("serving")
          || !fleet.members().get(i).server().serves(directories.get(version))) {
        return false;
      }
    }
    return true;
  }

  private String state(int index) {
    try {
      return fleet.replica(index).get("state").asString();
    } catch (IOException e) {
      return "";
    }
  }

  private int version() {
    try {
      String name = fleet.ask("/weight_info").get("weight_version").asString();
      return name.equals("default") ? 0 : Integer.parseInt(name);
    } catch (IOException e) {
      return -1;
    }
  }

  /** A server that a front which has ended left paused may have half of its weights. */
  private void restartIfAsked(int index) {
    try {
      JsonNode replica = fleet.replica(index);
      boolean asked =
          replica.get("state").asString().equals("unknown")
              && replica.get("reason").asString().contains("restart it");
      if (asked || isPausedByAnother(index)) {
        fleet.members().get(index).server().kill();
        fleet.startAgain(index);
      }
    } catch (IOException e) {
      // The front is asked again.
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** No server was asked for what breaks it. */
  void noServerWasMistreated() {
    for (ChaosFleet.Member member : fleet.members()) {
      assertThat(member.server().violations).as("%s", member.server()).isEmpty();
    }
  }
}
