package dev.freshet.router;

import dev.freshet.fleet.ChaosProxy.Trouble;
import dev.freshet.fleet.PeerServer;
import dev.freshet.fleet.UpdateCalls;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What happens to a fleet in one run: a few rounds, each a fault of every server and an order of a
 * client. All of it is drawn from the seed before the run, so that the seed alone repeats it.
 *
 * @param kinds the program of each server
 * @param quorum as in the configuration of the front
 */
record ChaosPlan(long seed, List<String> kinds, int quorum, List<Round> rounds) {
  /** How many versions the orders of a run may name. */
  static final int VERSIONS = 24;

  private static final int SERVERS = 3;
  private static final int ROUNDS = 4;
  private static final int MAX_DELAY_MS = 30;
  private static final int MAX_REQUESTS_STOPPED = 40;

  /** Programs that the front updates. */
  private static final List<String> KINDS =
      List.of("freshet", "vllm", "vllm-lora", "sglang", "prime-rl");

  /** Calls that a server which gets requests is asked too. */
  private static final Set<String> QUESTIONS = Set.of("/weight_info", "/model_info", "/v1/models");

  /**
   * @param faults one of each server, in the order of their programs
   */
  record Round(List<Fault> faults, Order order) {
    @Override
    public String toString() {
      return order + " while " + faults;
    }
  }

  /** What is wrong with a server, or the network to it, from before the order on. */
  sealed interface Fault {}

  record Calm() implements Fault {}

  /** One call of an update fails. */
  record CallFails(PeerServer.Plan call) implements Fault {}

  /** The network loses or resets one call. */
  record CallLost(String call, Trouble trouble) implements Fault {}

  /** The network delays every request and every answer. */
  record Slow(int ms) implements Fault {}

  /** The process is stopped until so many requests wait for it. */
  record Stopped(int requests) implements Fault {}

  record Killed() implements Fault {}

  /** What a client or an operator does. */
  sealed interface Order {
    int version();
  }

  record Update(int version) implements Order {}

  /** The client pauses the fleet, updates it and resumes it. */
  record PausedUpdate(int version) implements Order {}

  /** Two orchestrators update the fleet at once. */
  record TwoUpdates(int version, int other) implements Order {}

  /** Two updates follow one another beside the same faults, and then the front starts again. */
  record UpdatesAndRestart(int version, int other) implements Order {}

  /** The front ends in the middle of an update, as for SIGTERM, and starts again. */
  record FrontEnds(int version, Moment at) implements Order {}

  /** The front is killed in the middle of an update, and starts again. */
  record FrontKilled(int version, Moment at) implements Order {}

  /** Another front updates the same servers, until an operator ends it. */
  record OtherFront(int version) implements Order {}

  /** When a server gets a call of the update; at the latest the end of the update. */
  record Moment(int server, String call) {}

  static ChaosPlan of(long seed) {
    return new Draw(new Random(seed)).plan(seed);
  }

  private static final class Draw {
    private final Random random;
    private int version = 1;

    Draw(Random random) {
      this.random = random;
    }

    ChaosPlan plan(long seed) {
      List<String> kinds = new ArrayList<>(KINDS);
      Collections.shuffle(kinds, random);
      kinds = List.copyOf(kinds.subList(0, SERVERS));
      int quorum = random.nextInt(SERVERS);
      List<Round> rounds = new ArrayList<>();
      for (int i = 0; i < ROUNDS; i++) {
        rounds.add(round(kinds));
      }
      return new ChaosPlan(seed, kinds, quorum, List.copyOf(rounds));
    }

    private Round round(List<String> kinds) {
      Order order = order(kinds);
      // Of two fronts neither can know which of them a fault has struck.
      boolean calm = order instanceof OtherFront;
      return new Round(kinds.stream().map(kind -> calm ? new Calm() : fault(kind)).toList(), order);
    }

    private Fault fault(String kind) {
      return switch (random.nextInt(8)) {
        case 0, 1 -> callFails(kind, one(calls(kind)));
        case 2, 3 -> {
          List<String> calls = new ArrayList<>(calls(kind));
          calls.add("/v1/completions");
          yield new CallLost(one(calls), one(List.of(Trouble.values())));
        }
        case 4 -> new Slow(random.nextInt(MAX_DELAY_MS));
        case 5 -> new Stopped(1 + random.nextInt(MAX_REQUESTS_STOPPED));
        case 6 -> new Killed();
        default -> new Calm();
      };
    }

    private Fault callFails(String kind, String call) {
      List<PeerServer.Fault> faults = new ArrayList<>(List.of(PeerServer.Fault.values()));
      if (kind.equals("freshet") || QUESTIONS.contains(call)) {
        // It gets requests then, and answers some before anyone can know of the restart.
        faults.remove(PeerServer.Fault.RESTARTED);
      }
      return new CallFails(new PeerServer.Plan(call, one(faults), random.nextBoolean()));
    }

    private Order order(List<String> kinds) {
      int next = version();
      return switch (random.nextInt(9)) {
        case 0 -> new PausedUpdate(next);
        case 1 -> new TwoUpdates(next, version());
        case 2 -> new FrontEnds(next, moment(kinds));
        case 3 -> new FrontKilled(next, moment(kinds));
        case 4 -> new OtherFront(next);
        case 5 -> new UpdatesAndRestart(next, version());
        default -> new Update(next);
      };
    }

    private Moment moment(List<String> kinds) {
      int server = one(IntStream.range(0, SERVERS).boxed().toList());
      return new Moment(server, one(calls(kinds.get(server))));
    }

    private int version() {
      version += 1 + random.nextInt(2);
      return version;
    }

    private static List<String> calls(String kind) {
      return UpdateCalls.of(kind);
    }

    private <T> T one(List<T> of) {
      return of.get(random.nextInt(of.size()));
    }
  }
}
