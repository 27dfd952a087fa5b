package dev.freshet.lab.swap;

import dev.freshet.analysis.Distribution;
import dev.freshet.fleet.dialect.Dialects;
import dev.freshet.lab.LabException;
import dev.freshet.lab.ProcessFigures;
import dev.freshet.lab.QueueParts;
import dev.freshet.lab.ServerUpdates;
import dev.freshet.lab.load.LoadTimeline;
import dev.freshet.lab.load.StreamLoad;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.UpdatePart;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import dev.freshet.wire.VerifyLevel;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Measures weight updates of a server under streams, and the limits of the machine. In this order:
 * the machine's limits and idle updates, before any stream; verified and unverified updates under
 * streams; the baseline of pausing and copying under streams.
 *
 * @param sequences the number of completions that stream
 * @param maxTokens the length of each; a completion that ends is replaced
 * @param updates the number of updates of each kind
 * @param pause between two updates
 */
public record SwapBench(int sequences, int maxTokens, int updates, Duration pause) {
  /** How long streams run undisturbed before the first and after the last update of a kind. */
  private static final Duration QUIET = Duration.ofSeconds(2);

  /** Maximum pause between idle updates, after which there is nothing to recover. */
  private static final Duration IDLE_PAUSE = Duration.ofMillis(500);

  /**
   * The server and its checkpoints.
   *
   * @param data URL of the streams
   * @param admin URL of the updates
   * @param process the server's process
   * @param checkpoints published checkpoints of one shape, on this machine; it serves the first as
   *     version 0
   */
  public record Target(
      String shape, URI data, URI admin, ProcessHandle process, List<Path> checkpoints) {
    private ServerUpdates updates() {
      return new ServerUpdates(
          admin,
          Dialects.FRESHET,
          checkpoints.stream().map(dir -> dir.toAbsolutePath().toString()).toList());
    }
  }

  /** Measures. */
  public SwapFigures measure(Target target) throws InterruptedException {
    Path first = target.checkpoints().getFirst();
    MachineLimits limits = MachineLimits.measure(first);
    try (ServerUpdates server = target.updates()) {
      server.warmUp();
      List<Update> idle =
          run(server, VerifyLevel.SIZE, pause.compareTo(IDLE_PAUSE) < 0 ? pause : IDLE_PAUSE);
      try (StreamLoad load = StreamLoad.steady(target.data(), sequences, maxTokens)) {
        load.awaitBegun(sequences);
        Thread.sleep(QUIET);

        double before = ProcessFigures.residentMb(target.process());
        Stretch verified = swaps(server, load, target.process(), VerifyLevel.FULL);
        Stretch unverified = swaps(server, load, target.process(), VerifyLevel.SIZE);
        double after = ProcessFigures.residentMb(target.process());
        SwapFigures.Baseline baseline = baseline(server, load, bytes(first));
        requireNoneFailed(load);
        return new SwapFigures(
            target.shape(),
            bytes(first),
            sequences,
            verified.figures(),
            unverified.figures(),
            baseline,
            limits,
            new SwapFigures.Resident(
                before, Math.max(verified.peakMb(), unverified.peakMb()), after),
            new SwapFigures.Queue(
                lane(idle.stream()),
                lane(Stream.concat(verified.updates().stream(), unverified.updates().stream()))));
      }
    }
  }

  /** An acknowledged update and when it ran. */
  private record Update(LoadTimeline.Disturbance when, AdminTimings timings) {}

  /** Updates of one kind, with the quiet before and after them. */
  private record Stretch(List<Update> updates, double tokensKept, double peakMb) {
    SwapFigures.Swaps figures() {
      return new SwapFigures.Swaps(
          of(timings -> timings.rpcMs().orElse(Double.NaN)),
          of(Stretch::workMs),
          of(Stretch::packingMs),
          of(timings -> workMs(timings) - packingMs(timings)),
          of(timings -> timings.stallMs().orElse(Double.NaN)),
          tokensKept);
    }

    private static double workMs(AdminTimings timings) {
      return timings.rpcMs().orElse(Double.NaN) - timings.ms(UpdatePart.WAIT_STEP).orElse(0);
    }

    private static double packingMs(AdminTimings timings) {
      return timings.ms(UpdatePart.BUILD).orElse(0);
    }

    private Distribution of(ToDoubleFunction<AdminTimings> figure) {
      return Distribution.of(
          updates.stream().map(update -> figure.applyAsDouble(update.timings())).toList());
    }
  }

  private Stretch swaps(
      ServerUpdates server, StreamLoad load, ProcessHandle process, VerifyLevel verify)
      throws InterruptedException {
    try (ResidentPeak peak = new ResidentPeak(process)) {
      long start = System.nanoTime();
      Thread.sleep(QUIET);
      List<Update> done = run(server, verify, pause);
      Thread.sleep(QUIET);
      return new Stretch(done, kept(load, start, done.stream().map(Update::when)), peak.mb());
    }
  }

  /** Updates, each {@code gap} after the response of the one before. */
  private List<Update> run(ServerUpdates server, VerifyLevel verify, Duration gap)
      throws InterruptedException {
    List<Update> done = new ArrayList<>(updates);
    for (int i = 0; i < updates; i++) {
      if (i > 0) {
        Thread.sleep(gap);
      }
      long start = System.nanoTime();
      AdminTimings timings = server.update(verify);
      done.add(new Update(new LoadTimeline.Disturbance(start, System.nanoTime()), timings));
    }
    return done;
  }

  private SwapFigures.Baseline baseline(ServerUpdates server, StreamLoad load, long bytes)
      throws InterruptedException {
    try (ResidentCopy weights = new ResidentCopy(bytes)) {
      BaselineCopy copy = new BaselineCopy(server.client(), weights);
      List<BaselineCopy.Copied> done = new ArrayList<>(updates);
      long start = System.nanoTime();
      Thread.sleep(QUIET);
      for (int i = 0; i < updates; i++) {
        done.add(copy.update(Path.of(server.next())));
        Thread.sleep(pause);
      }
      Thread.sleep(QUIET);
      return new SwapFigures.Baseline(
          Distribution.of(done.stream().map(BaselineCopy.Copied::workMs).toList()),
          Distribution.of(done.stream().map(BaselineCopy.Copied::stallMs).toList()),
          kept(load, start, done.stream().map(BaselineCopy.Copied::when)));
    }
  }

  /** The share of tokens kept during the updates since {@code startNanos}. */
  private static double kept(
      StreamLoad load, long startNanos, Stream<LoadTimeline.Disturbance> updates) {
    return load.timeline().between(startNanos, System.nanoTime()).kept(updates.toList());
  }

  private static QueueParts lane(Stream<Update> updates) {
    return QueueParts.of(updates.map(Update::timings).toList());
  }

  private static long bytes(Path dir) {
    try (Checkpoint checkpoint = CheckpointStore.openPublished(dir)) {
      return checkpoint.bytes();
    }
  }

  private static void requireNoneFailed(StreamLoad load) {
    StreamLoad.Counts counts = load.counts();
    if (counts.failed() > 0) {
      throw new LabException(
          "%d streams failed; the first error: %s"
              .formatted(counts.failed(), counts.failure().orElse("unknown")));
    }
  }
}
