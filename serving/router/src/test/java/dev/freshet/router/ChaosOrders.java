package dev.freshet.router;

import dev.freshet.fleet.PeerServer;
import dev.freshet.router.ChaosPlan.FrontEnds;
import dev.freshet.router.ChaosPlan.FrontKilled;
import dev.freshet.router.ChaosPlan.Moment;
import dev.freshet.router.ChaosPlan.Order;
import dev.freshet.router.ChaosPlan.OtherFront;
import dev.freshet.router.ChaosPlan.PausedUpdate;
import dev.freshet.router.ChaosPlan.TwoUpdates;
import dev.freshet.router.ChaosPlan.Update;
import dev.freshet.router.ChaosPlan.UpdatesAndRestart;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Carries out the orders of a plan on a fleet, and states which versions it may serve then. */
final class ChaosOrders {
  private final ChaosFleet fleet;
  private final StatedVersions stated;
  private final List<String> directories;
  private final Consumer<String> record;

  /**
   * @param directories of the checkpoint of each version
   * @param record takes what was ordered and answered
   */
  ChaosOrders(
      ChaosFleet fleet, StatedVersions stated, List<String> directories, Consumer<String> record) {
    this.fleet = fleet;
    this.stated = stated;
    this.directories = directories;
    this.record = record;
  }

  /** Before the faults of the round. */
  void prepare(Order order) throws Exception {
    if (order instanceof FrontKilled) {
      fleet.end();
      fleet.startProcess();
    }
  }

  /** Returns once all that was ordered has ended. */
  void carryOut(Order order) throws Exception {
    switch (order) {
      case Update(int version) -> update(version);
      case PausedUpdate(int version) -> updateWithinPause(version);
      case TwoUpdates(int version, int other) -> {
        FutureTask<Integer> one = inBackground(version);
        update(other);
        ended(one);
      }
      case UpdatesAndRestart(int version, int other) -> {
        update(version);
        update(other);
        fleet.end();
        fleet.start();
      }
      case FrontEnds(int version, Moment at) -> updateUntil(version, at);
      case FrontKilled(int version, Moment at) -> updateUntil(version, at);
      case OtherFront(int version) -> updateByOther(version);
    }
  }

  /** The status of the answer; 0 if there is none. */
  int update(int version) {
    stated.mayBecome(version);
    return post("/update_weights", body(version));
  }

  private String body(int version) {
    return "{\"weight_dir\":\"%s\",\"step\":%d}".formatted(directories.get(version), version);
  }

  private int post(String path, String body) {
    try {
      RawClient.Answer answer = fleet.post(path, body);
      record.accept("%s %s: %d %s".formatted(path, body, answer.status(), answer.text()));
      return answer.status();
    } catch (IOException e) {
      record.accept("%s %s: %s".formatted(path, body, e));
      return 0;
    }
  }

  private FutureTask<Integer> inBackground(int version) {
    return FrontClient.inBackground(() -> update(version));
  }

  private static void ended(FutureTask<Integer> update) throws Exception {
    var _ = update.get(1, TimeUnit.MINUTES);
  }

  private void updateWithinPause(int version) throws InterruptedException {
    if (post("/pause?mode=keep&clear_cache=false", "") == 200) {
      var _ = update(version);
    }
    FrontFixture.await("the end of the pause", () -> post("/resume", "") == 200 || !isPaused());
  }

  private boolean isPaused() {
    try {
      return fleet.ask("/is_paused").get("is_paused").asBoolean();
    } catch (IOException e) {
      return true;
    }
  }

  private void updateUntil(int version, Moment at) throws Exception {
    PeerServer server = fleet.members().get(at.server()).server();
    int before = Collections.frequency(server.calls, at.call());
    FutureTask<Integer> update = inBackground(version);
    FrontFixture.await(
        "the call or the end of the update",
        () -> Collections.frequency(server.calls, at.call()) > before || update.isDone());
    fleet.end();
    record.accept("the front has ended");
    ended(update);
    fleet.start();
  }

  private void updateByOther(int version) throws Exception {
    stated.mayBecome(version);
    try (FrontFixture other = fleet.other(version)) {
      FrontClient client = new FrontClient(other);
      FrontFixture.await("a replica of the other front", other::takesRequests);
      RawClient.Answer answer = client.update(directories.get(version), version);
      record.accept("the other front: %d %s".formatted(answer.status(), answer.text()));
    }
    // The calls of one front came between those of the other.
    fleet.members().forEach(member -> member.server().violations.clear());
  }
}
