package dev.freshet.lab;

import dev.freshet.client.VerifyLevel;
import dev.freshet.trace.AdminTimings;
import dev.freshet.weights.Checkpoint;
import dev.freshet.weights.CheckpointStore;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Measures weight updates of a server that decodes all the time, and what the machine could do at
 * best. In this order: the machine's limits and idle updates, before any stream; verified and
 * unverified updates beside streams; pausing and copying beside streams.
 *
 * @param sequences how many completions stream
 * @param maxTokens how long each is; one that ends is replaced
 * @param updates how many updates of each kind
 * @param pause between two updates
 */
public record SwapBench(int sequences, int maxTokens, int updates, Duration pause) {
  private static final Duration OPENING = Duration.ofMinutes(2);

  /** How long it streams undisturbed before the first and after the last update of a kind. */
  private static final Duration QUIET = Duration.ofSeconds(2);

  /** Between idle updates, which leave nothing to recover from. */
  private static final Duration IDLE_PAUSE = Duration.ofMillis(500);

  /**
   * The server, and what it is updated to.
   *
   * @param data where the streams go
   * @param admin where the updates go
   * @param process the server's process
   * @param checkpoints published ones of one shape, on this machine; it serves the first as version
   *     0
   */
  public record Target(
      String shape, URI data, URI admin, ProcessHandle process, List<Path> checkpoints) {}

  /** Measures. */
  public SwapFigures measure(Target target) throws InterruptedException {
    Path first = target.checkpoints().getFirst();
    MachineLimits limits = MachineLimits.measure(first);
    try (SwapUpdates server = new SwapUpdates(target.admin(), target.checkpoints(), 0)) {
      server.warmUp();
      List<SwapUpdates.Update> idle =
          server.run(
              updates, VerifyLevel.SIZE, pause.compareTo(IDLE_PAUSE) < 0 ? pause : IDLE_PAUSE);
      try (StreamLoad load = new StreamLoad(target.data(), sequences, maxTokens)) {
        load.awaitStreaming(OPENING);
        Thread.sleep(QUIET);

        double before = ProcessFigures.residentMb(target.process());
        Stretch verified = swaps(server, load, target.process(), VerifyLevel.FULL);
        Stretch unverified = swaps(server, load, target.process(), VerifyLevel.SIZE);
        double after = ProcessFigures.residentMb(target.process());
        SwapFigures.Baseline baseline = baseline(server, load, target.process(), bytes(first));
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

  /** Updates of one kind with the quiet before and after them. */
  private record Stretch(List<SwapUpdates.Update> updates, TokenTimeline timeline, double peakMb) {
    SwapFigures.Swaps figures() {
      return new SwapFigures.Swaps(
          of(timings -> timings.rpcMs().orElse(Double.NaN)),
          of(timings -> timings.rpcMs().orElse(Double.NaN) - phase(timings, "wait_step_ms")),
          of(timings -> timings.stallMs().orElse(Double.NaN)),
          timeline.kept(updates.stream().map(SwapUpdates.Update::span).toList()));
    }

    private Distribution of(ToDoubleFunction<AdminTimings> figure) {
      return Distribution.of(
          updates.stream().map(update -> figure.applyAsDouble(update.timings())).toList());
    }

    private static double phase(AdminTimings timings, String name) {
      return timings.phases().getOrDefault(name, 0.0);
    }
  }

  private Stretch swaps(
      SwapUpdates server, StreamLoad load, ProcessHandle process, VerifyLevel verify)
      throws InterruptedException {
    try (LoadSampler sampler = new LoadSampler(load, process)) {
      Thread.sleep(QUIET);
      List<SwapUpdates.Update> done = server.run(updates, verify, pause);
      Thread.sleep(QUIET);
      return new Stretch(done, sampler.timeline(), sampler.peakMb());
    }
  }

  private SwapFigures.Baseline baseline(
      SwapUpdates server, StreamLoad load, ProcessHandle process, long bytes)
      throws InterruptedException {
    try (ResidentCopy weights = new ResidentCopy(bytes);
        LoadSampler sampler = new LoadSampler(load, process)) {
      BaselineCopy copy = new BaselineCopy(server.client(), weights);
      List<BaselineCopy.Copied> done = new ArrayList<>(updates);
      Thread.sleep(QUIET);
      for (int i = 0; i < updates; i++) {
        done.add(copy.update(server.next()));
        Thread.sleep(pause);
      }
      Thread.sleep(QUIET);
      return new SwapFigures.Baseline(
          Distribution.of(done.stream().map(BaselineCopy.Copied::workMs).toList()),
          Distribution.of(done.stream().map(BaselineCopy.Copied::stallMs).toList()),
          sampler.timeline().kept(done.stream().map(BaselineCopy.Copied::span).toList()));
    }
  }

  private static QueueParts lane(Stream<SwapUpdates.Update> updates) {
    return QueueParts.of(updates.map(SwapUpdates.Update::timings).toList());
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
          "%d streams failed, the first: %s"
              .formatted(counts.failed(), counts.failure().orElse("for no known reason")));
    }
  }
}
