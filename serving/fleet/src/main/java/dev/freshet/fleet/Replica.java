package dev.freshet.fleet;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.client.AdminException;
import dev.freshet.client.Call;
import dev.freshet.client.Completion;
import dev.freshet.client.GenerationRoute;
import dev.freshet.client.Received;
import dev.freshet.fleet.dialect.Dialect;
import dev.freshet.fleet.dialect.EngineLoad;
import dev.freshet.fleet.dialect.Generation;
import dev.freshet.fleet.dialect.Serving;
import dev.freshet.fleet.dialect.Target;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.time.RoleClock;
import dev.freshet.trace.time.RoleState;
import dev.freshet.wire.AdminToken;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;

/**
 * One inference server of the fleet: its state, its rollouts, its admin lane, and a second client
 * that asks it beside an update. Owns both clients.
 *
 * <p>While it is in the routing table it receives no rollouts while it backs off after a failed
 * completion: 100 ms, doubled by each further failure up to 10 s, until a completion succeeds. The
 * lock of {@link Replicas} guards this state.
 */
public final class Replica {
  private static final long FIRST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final String SALT = "policy-";
  private static final long MAX_BACKOFF_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final ServerAddress address;
  private final Dialect dialect;
  private final PathMap paths;
  private final AdminClient client;
  private final AdminClient prober;
  private final ReplicaLife life = new ReplicaLife();
  private final KnownVersions versions = new KnownVersions();
  private final ReplicaStreams streams = new ReplicaStreams();
  private final RoleClock time;
  private volatile Generation generation = Generation.SILENT;
  private volatile Optional<String> model = Optional.empty();
  private volatile Optional<String> salt = Optional.empty();
  private volatile Optional<String> named = Optional.empty();
  private volatile Optional<EngineLoad> load = Optional.empty();
  private int rollouts;

  /** Requests of others at the last two scrapes. */
  private long foreign;

  private long foreignBefore;

  /** The length of the newest backoff; 0 if no completion failed since the last success. */
  private long backoffNanos;

  private long backoffEndNanos;

  Replica(ReplicaSpec spec, AdminDeadlines deadlines, Optional<AdminToken> token, EventLog events) {
    this.address = spec.address();
    this.dialect = spec.dialect();
    this.paths = spec.paths();
    this.client = new AdminClient(address.admin(), deadlines, events, token);
    this.prober = new AdminClient(address.admin(), deadlines, events.unlogged(), token);
    this.time =
        new RoleClock(
            events.clock(), List.of(RoleState.UPDATING, RoleState.GENERATING), RoleState.IDLE);
  }

  public ServerAddress address() {
    return address;
  }

  /** The completions that it streams. */
  public ReplicaStreams streams() {
    return streams;
  }

  /**
   * Its time as its streams show it: an update may have paused it, or at least one completion is
   * awaited, or none is.
   */
  public RoleClock time() {
    return time;
  }

  /** The model that requests must name, if it is not the server's own. */
  public Optional<String> model() {
    return model;
  }

  /** The route of requests for completions. */
  public GenerationRoute generationRoute() {
    return generation.route();
  }

  /**
   * What requests must carry as their cache salt, if the program would otherwise let them reuse
   * prefixes that another version computed.
   */
  public Optional<String> salt() {
    return salt;
  }

  /** A completion has ended: its tokens get the versions that the server does not report. */
  public Completion ended(Call call, Completion completion) {
    int[] inferred = streams.ended(call, completion.tokenIds().length);
    return reports(completion.policyVersions())
        ? completion
        : completion.withPolicyVersions(inferred, infers());
  }

  /** The tokens of a running completion that have arrived, from a position on. */
  public Arrived arrived(Call call, int from) {
    Received received = call.received(from);
    int end = from + received.tokenIds().length;
    boolean reported = reports(received.policyVersions());
    int[] versions =
        reported
            ? received.policyVersions()
            : Arrays.copyOfRange(streams.versions(call, end), from, end);
    return new Arrived(received.tokenIds(), received.logprobs(), versions, !reported && infers());
  }

  private boolean reports(int[] versions) {
    return generation.versions() == Generation.Versions.REPORTED && versions.length > 0;
  }

  /** Whether no engine vouches for versions that it does not report. */
  private boolean infers() {
    return generation.versions() != Generation.Versions.NAMED;
  }

  /** The checksums of its weights, if its program computes them. */
  Optional<SortedMap<String, String>> checksums(Duration within) {
    return dialect.checksums(prober, within);
  }

  /** Asks how completions are requested. */
  void learnGeneration() {
    generation = dialect.generation(prober);
  }

  /** What the program cannot do, and what is done instead, a phrase each. */
  List<String> limits() {
    List<String> limits = new ArrayList<>(dialect.capabilities().limits());
    generation.limit().ifPresent(limits::add);
    return limits;
  }

  Dialect dialect() {
    return dialect;
  }

  /** The target of an update, with its directory as this replica's host sees it. */
  Target seen(Target target) {
    return target.directory().map(here -> target.at(seen(here))).orElse(target);
  }

  /** The path of a directory of this host as this replica's host sees it. */
  String seen(String here) {
    return paths.there(here);
  }

  /**
   * An error about a directory that it sees at another path, with both paths.
   *
   * @param here the path on this host
   */
  AdminException named(AdminException e, Optional<String> here) {
    return here.filter(path -> !seen(path).equals(path))
        .map(path -> e.with(" (%s there is %s here)".formatted(seen(path), path)))
        .orElse(e);
  }

  /** Where the model that it serves lies on this host, if it tells. */
  Optional<String> servedDirectory() {
    return dialect.servedDirectory(client).map(paths::here);
  }

  /** The admin lane, which an update or a catch-up uses. */
  AdminClient client() {
    return client;
  }

  /** The versions that this fleet has loaded on it. */
  KnownVersions versions() {
    return versions;
  }

  /** Asks what it serves, beside whatever the lane does. */
  Serving probe(long expected) {
    return dialect.ask(prober, expected);
  }

  /** Whether it accepts requests, beside whatever the lane does. */
  boolean healthy() {
    return dialect.healthy(prober);
  }

  /** The name of the version that it was last known to serve, as it reported it. */
  Optional<String> named() {
    return named;
  }

  /** It serves the version of that name. */
  void named(Optional<String> reported) {
    named = reported;
  }

  /**
   * Asks whether its engine responds, where its program tells that.
   *
   * @throws AdminException if it does not
   */
  void requireEngine() {
    dialect.requireEngine(prober);
  }

  /**
   * Asks whether it answers at all, beside whatever the lane does.
   *
   * @throws dev.freshet.client.AdminException if it does not
   */
  void greet() {
    dialect.greet(prober);
  }

  /** The root of its admin listener, as logs and metrics name it. */
  String url() {
    return address.admin().toString();
  }

  /** The number of rollouts that it runs now. */
  int rollouts() {
    return rollouts;
  }

  /**
   * The number of rollouts and, as a hint, of requests of others that its engine has reported twice
   * in a row: a single report may count rollouts that have just ended.
   */
  long load() {
    return rollouts + Math.min(foreign, foreignBefore);
  }

  /** What its engine reported last, if it does. */
  Optional<EngineLoad> engineLoad() {
    return load;
  }

  /** Its engine has reported {@code found}. */
  void reported(Optional<EngineLoad> found) {
    load = found;
    foreignBefore = foreign;
    foreign = found.map(l -> Math.max(0, l.running() + l.waiting() - rollouts)).orElse(0L);
  }

  /** Whether its program reports the requests of its engine. */
  boolean reportsLoad() {
    return dialect.engineSeries().isPresent();
  }

  /** Asks its engine for its requests. */
  Optional<EngineLoad> scrape() {
    return dialect.engineSeries().flatMap(series -> EngineLoad.read(prober, series));
  }

  ReplicaLife life() {
    return life;
  }

  /** It serves {@code version} now: new requests get it. */
  void serves(long version) {
    life.serves(version);
    model = dialect.model(version);
    salt = dialect.capabilities().salts() ? Optional.of(SALT + version) : Optional.empty();
    streams.begin(version);
  }

  /** Whether it may receive new requests. */
  boolean routable() {
    boolean besideTraffic =
        life.state() == ReplicaState.UPDATING && life.routed() && dialect.capabilities().prepares();
    return life.state() == ReplicaState.SERVING || besideTraffic;
  }

  ReplicaStatus status() {
    return new ReplicaStatus(
        url(),
        dialect.name(),
        life.state(),
        life.version(),
        life.incarnation(),
        rollouts,
        life.paused(),
        life.returns(),
        life.setAside(),
        life.contested(),
        life.why());
  }

  RoutingTable.Route route() {
    return new RoutingTable.Route(
        address, dialect.name(), life.version(), life.incarnation(), dialect.model(life.version()));
  }

  boolean backsOff(long nowNanos) {
    return backoffNanos > 0 && backoffEndNanos - nowNanos > 0;
  }

  void rolloutStarted() {
    rollouts++;
  }

  void rolloutEnded() {
    rollouts--;
  }

  /** A rollout succeeded, which ends any backoff. */
  void succeeded() {
    backoffNanos = 0;
  }

  /** A completion failed. Failures while it backs off count as one with the first. */
  void failed(long nowNanos) {
    if (!backsOff(nowNanos)) {
      backoffNanos =
          backoffNanos == 0 ? FIRST_BACKOFF_NANOS : Math.min(2 * backoffNanos, MAX_BACKOFF_NANOS);
      backoffEndNanos = nowNanos + backoffNanos;
    }
  }

  void close() {
    client.close();
    prober.close();
  }

  @Override
  public String toString() {
    return address.data().toString();
  }
}
