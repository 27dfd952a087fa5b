package dev.freshet.router;

import dev.freshet.fleet.ChaosProxy;
import dev.freshet.fleet.PeerServer;
import dev.freshet.router.ChaosPlan.CallFails;
import dev.freshet.router.ChaosPlan.CallLost;
import dev.freshet.router.ChaosPlan.Calm;
import dev.freshet.router.ChaosPlan.Fault;
import dev.freshet.router.ChaosPlan.Killed;
import dev.freshet.router.ChaosPlan.Slow;
import dev.freshet.router.ChaosPlan.Stopped;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/**
 * Servers of different programs, each behind a network of its own, and the front before them, in
 * this process or in one of its own. Owns all of them.
 */
final class ChaosFleet implements AutoCloseable {
  /** A server and the network to it. */
  record Member(PeerServer server, ChaosProxy network) {
    String kind() {
      return server.kind;
    }
  }

  private final Path dir;
  private final int quorum;
  private final List<Member> members = new ArrayList<>();
  private AutoCloseable front = () -> {};
  private volatile URI data = URI.create("http://none");
  private volatile URI admin = data;

  /**
   * @param dir where the front keeps its journal
   */
  ChaosFleet(ChaosPlan plan, Path dir) throws IOException {
    this.dir = dir;
    this.quorum = plan.quorum();
    for (String kind : plan.kinds()) {
      PeerServer server = new PeerServer(kind);
      server.streamsFreely();
      members.add(new Member(server, new ChaosProxy(server.url())));
    }
  }

  List<Member> members() {
    return members;
  }

  Path journal() {
    return dir.resolve("updates.jsonl");
  }

  /** Where the front takes completions now. */
  URI data() {
    return data;
  }

  /** Deadlines are short, because calls that are lost wait for them. */
  private Map<String, String> keys(List<Member> some) {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put(
        "upstreams",
        some.stream()
            .map(m -> m.network().url() + "=" + m.kind())
            .collect(Collectors.joining(",")));
    keys.put("policy", "round_robin");
    keys.put("update_timeout_s", "1");
    keys.put("pause_timeout_s", "1");
    keys.put("probe_timeout_ms", "500");
    keys.put("probe_interval_ms", "20");
    keys.put("queue_timeout_s", "1");
    keys.put("quorum", Integer.toString(quorum));
    return keys;
  }

  /** Starts a front in this process; the one before has ended. */
  void start() {
    FrontFixture next = FrontFixture.of(dir, keys(members));
    front = next;
    data = next.data();
    admin = next.admin();
  }

  /** As {@link #start}, in a process of its own, so that {@link #end} is a kill. */
  void startProcess() throws IOException {
    Map<String, String> keys = keys(members);
    keys.put("port", "0");
    keys.put("admin_port", "0");
    keys.put("journal", journal().toString());
    FrontProcess next =
        FrontProcess.start(
            keys.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList());
    front = next;
    data = next.data();
    admin = next.admin();
  }

  /** Ends the front. */
  void end() throws Exception {
    front.close();
  }

  /**
   * Another front, without a past, of the servers whose programs say what they serve: a change of
   * the others by another program cannot be noticed.
   */
  FrontFixture other(int version) {
    return FrontFixture.of(
        dir.resolve("other-" + version),
        keys(members.stream().filter(m -> !m.kind().equals("prime-rl")).toList()));
  }

  /** Posts to the admin listener of the front. */
  RawClient.Answer post(String path, String body) throws IOException {
    return RawClient.exchange(admin, RawClient.post(path, body));
  }

  /** Asks the admin listener of the front. */
  JsonNode ask(String path) throws IOException {
    return FrontClient.json(RawClient.exchange(admin, RawClient.get(path)));
  }

  /** The same in words, also if it does not answer. */
  String says(String path) {
    try {
      return ask(path).toString();
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** What the front says of a server. */
  JsonNode replica(int index) throws IOException {
    return ask("/replicas").get("replicas").get(index);
  }

  /** From now on the fault is there, or waits for its call. */
  void strike(int index, Fault fault) throws IOException {
    Member member = members.get(index);
    switch (fault) {
      case Calm() -> {}
      case CallFails(PeerServer.Plan call) -> member.server().arm(call);
      case CallLost(String call, ChaosProxy.Trouble trouble) ->
          member.network().next(call, trouble);
      case Slow(int ms) -> member.network().delay(Duration.ofMillis(ms));
      case Stopped(int requests) -> member.server().stopUntil(requests);
      case Killed() -> member.server().kill();
    }
  }

  /** Ends all faults; an operator starts what was killed. */
  void heal() throws InterruptedException, IOException {
    for (Member member : members) {
      member.server().disarm();
      member.server().continues();
      member.network().heal();
    }
    for (int i : IntStream.range(0, members.size()).toArray()) {
      if (members.get(i).server().isKilled()) {
        startAgain(i);
      }
    }
  }

  /**
   * Starts a server that has ended, once the front has noticed its end: not every program says that
   * it serves other weights than before.
   */
  void startAgain(int index) throws InterruptedException, IOException {
    FrontFixture.await("the end of server %d is noticed".formatted(index), () -> isMissed(index));
    members.get(index).server().start();
  }

  private boolean isMissed(int index) {
    try {
      JsonNode replica = replica(index);
      return switch (replica.get("state").asString()) {
        case "serving" -> !replica.get("health").asString().equals("up");
        case "quarantined", "gone" -> true;
        default -> false;
      };
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() throws Exception {
    front.close();
    for (Member member : members) {
      member.network().close();
      member.server().close();
    }
  }
}
