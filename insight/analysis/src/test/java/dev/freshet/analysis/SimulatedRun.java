package dev.freshet.analysis;

import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.PartTimes;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.UpdatePart;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.IntToDoubleFunction;

/**
 * The logs of a simulated run of trainer, orchestrator and server; {@link EventLog} writes every
 * line. By default nothing is wrong with the run. The same seed gives the same lines.
 */
public final class SimulatedRun {
  /** Who logs. */
  public enum Role {
    ORCHESTRATOR,
    INFERENCE,
    TRAINER
  }

  private static final double START_MS = 1_767_323_045_000.0;
  private static final double CLOCK_S = 5000;
  private static final DateTimeFormatter ISO =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", Locale.ROOT);
  private static final DateTimeFormatter LOGURU =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT);
  private static final DateTimeFormatter PYTHON =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS", Locale.ROOT);

  /** What stands before the tag. */
  public enum Style {
    FRESHET,
    LOGURU,
    PYTHON,
    EASTERN,
    BARE;

    String prefix(Instant at, String role) {
      return switch (this) {
        case FRESHET -> ISO.format(at.atOffset(ZoneOffset.UTC)) + " INFO  " + role + " ";
        case LOGURU ->
            "\u001b[32m%s\u001b[0m | INFO | %s:run:42 - "
                .formatted(SimulatedRun.LOGURU.format(at.atOffset(ZoneOffset.UTC)), role);
        case PYTHON ->
            SimulatedRun.PYTHON.format(at.atOffset(ZoneOffset.UTC)) + " INFO [" + role + "] ";
        case EASTERN -> SimulatedRun.PYTHON.format(at.atOffset(ZoneOffset.ofHours(-5))) + " ";
        case BARE -> "";
      };
    }
  }

  private record Timed(double ms, Role role, Consumer<EventLog> write) {}

  final Random random;

  /** What stands before the tags of each role. */
  public final Map<Role, Style> styles = new EnumMap<>(Role.class);

  final Map<Role, List<String>> lines = new EnumMap<>(Role.class);

  /** How many there are. */
  public int steps = 60;

  IntToDoubleFunction gapMs;
  IntToDoubleFunction rpcMs;
  IntToDoubleFunction writeMs;
  IntToDoubleFunction pollMs;

  /** How long each step's weights were waited for. */
  public IntToDoubleFunction waitMs;

  IntToDoubleFunction truncPct;
  IntToDoubleFunction inflight;
  IntToDoubleFunction staleness = _ -> 1;
  double batchMs = 2600;
  double contention = 1;

  /** By how much the server's clock is ahead of the client's. */
  public double serverAheadS;

  boolean serverReportsRpc = true;

  private final List<Timed> events = new ArrayList<>();
  private double nowMs;

  /** A run that is not yet simulated. */
  public SimulatedRun(long seed) {
    random = new Random(seed);
    gapMs = _ -> about(3);
    rpcMs = _ -> about(420);
    writeMs = _ -> about(300);
    pollMs = _ -> about(5);
    waitMs = _ -> about(60);
    truncPct = _ -> about(3);
    inflight = _ -> Math.rint(about(120));
    for (Role role : Role.values()) {
      styles.put(role, Style.FRESHET);
    }
  }

  /** A figure that varies by a fifth. */
  double about(double mean) {
    return mean * (0.8 + 0.4 * random.nextDouble());
  }

  /** Simulates it. */
  public SimulatedRun run() {
    List<double[]> updates = new ArrayList<>();
    double at = 0;
    for (int step = 1; step <= steps; step++) {
      at += about(7000);
      updates.add(update(step, at));
      at = updates.getLast()[1];
    }
    batches(updates, at);
    events.sort(Comparator.comparingDouble(Timed::ms));
    events.forEach(this::write);
    return this;
  }

  /** A step's checkpoint and update; returns when the update began and ended. */
  private double[] update(int step, double writtenAt) {
    double found = writtenAt + pollMs.applyAsDouble(step);
    double waited = waitMs.applyAsDouble(step);
    double written = writeMs.applyAsDouble(step);
    add(writtenAt, Role.TRAINER, log -> log.checkpointWritten(step, written));
    add(found - waited, Role.ORCHESTRATOR, log -> log.checkpointWaitStart(step));
    add(found, Role.ORCHESTRATOR, log -> log.checkpointWaitDone(step, waited));

    TraceId trace = new TraceId(HexFormat.of().toHexDigits(random.nextLong()));
    String url = "http://10.0.0.1:8001/update_weights";
    double sent = found + 2;
    double received = sent + gapMs.applyAsDouble(step);
    double started = received + about(0.4);
    double rpc = rpcMs.applyAsDouble(step);
    double ended = started + rpc;
    double done = ended + about(1);
    add(sent, Role.ORCHESTRATOR, log -> log.clientSend(trace, url, Optional.of("w/step_" + step)));
    add(
        received,
        Role.INFERENCE,
        log -> log.serverRecv(trace, "/update_weights", log.clock().nanos()));
    add(
        started,
        Role.INFERENCE,
        log -> log.rpcStart(trace, "update_weights", "all", log.clock().nanos()));
    add(
        ended,
        Role.INFERENCE,
        log -> log.rpcDone(trace, "update_weights", "all", log.clock().nanos(), rpc));
    add(done, Role.ORCHESTRATOR, log -> log.clientDone(timings(trace, url, done - sent, rpc)));
    return new double[] {sent, done};
  }

  private AdminTimings timings(TraceId trace, String url, double wall, double rpc) {
    return new AdminTimings(
        trace,
        "update_weights",
        url,
        PartTimes.NONE
            .with(UpdatePart.WALL, wall)
            .with(UpdatePart.CONNECT, 0.4)
            .with(
                UpdatePart.RPC,
                serverReportsRpc ? OptionalDouble.of(rpc) : OptionalDouble.empty()));
  }

  private void batches(List<double[]> updates, double end) {
    double at = 10;
    for (int batch = 0; at < end; batch++) {
      double start = at;
      int number = batch;
      double load = inflight.applyAsDouble(batch);
      double base = about(batchMs);
      boolean met = updates.stream().anyMatch(u -> u[0] <= start + base && u[1] >= start);
      double duration = met ? base * contention : base;
      add(start, Role.ORCHESTRATOR, log -> log.batchStart((int) load, 128));
      add(start + duration, Role.ORCHESTRATOR, log -> log.batchDone(128, duration, (int) load));
      double cut = truncPct.applyAsDouble(batch);
      long stale = (long) staleness.applyAsDouble(batch);
      add(
          start + duration + 1,
          Role.ORCHESTRATOR,
          log -> log.rollouts(cut, number + stale, number));
      at += duration + about(100);
    }
  }

  private void add(double ms, Role role, Consumer<EventLog> write) {
    events.add(new Timed(ms, role, write));
  }

  private void write(Timed event) {
    nowMs = event.ms();
    double ahead = event.role() == Role.INFERENCE ? serverAheadS : 0;
    EventLog log =
        new EventLog(
            line -> append(event.role(), line),
            () -> (long) ((CLOCK_S + ahead) * 1e9 + nowMs * 1e6));
    if (random.nextInt(4) == 0) {
      append(event.role(), "engine [step " + random.nextInt(1000) + "] running=12 [other] x=1");
    }
    event.write().accept(log);
  }

  private void append(Role role, String line) {
    Instant at = Instant.ofEpochMilli((long) (START_MS + nowMs));
    Style style = styles.getOrDefault(role, Style.FRESHET);
    lines
        .computeIfAbsent(role, _ -> new ArrayList<>())
        .add(style.prefix(at, role.name().toLowerCase(Locale.ROOT)) + line);
  }

  /** A role's log. */
  public String log(Role role) {
    return String.join("\n", lines.getOrDefault(role, List.of())) + "\n";
  }
}
