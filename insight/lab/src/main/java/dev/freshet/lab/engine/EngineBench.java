package dev.freshet.lab.engine;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Measures the speed of one or two servers of the same model. Two take turns round by round, with
 * the same prompts, so that a slower machine slows both; while one works the other is idle, and
 * stopped if its process is known.
 *
 * @param vocabulary token ids of prompts are below it
 */
public record EngineBench(EngineLoad load, int vocabulary) {
  /** Idle time before a measurement, in which threads that still spin fall asleep. */
  private static final Duration SETTLE = Duration.ofMillis(300);

  /** Idle time after that, in which busy cores are those of other programs. */
  private static final int IDLE_MS = 300;

  /**
   * Measures every batch.
   *
   * @param measured receives the figures of each batch as soon as it is measured, one per server
   * @return for each batch the figures of each server
   */
  public List<List<BatchFigures>> measure(
      List<MeasuredServer> servers, Consumer<List<BatchFigures>> measured)
      throws InterruptedException {
    PromptDraws draws = new PromptDraws(load, vocabulary);
    List<List<BatchFigures>> all = new ArrayList<>();
    try (RoundClient client = new RoundClient()) {
      for (int batch : load.batches()) {
        for (MeasuredServer server : servers) {
          warmUp(client, server, draws, batch);
        }
        List<BatchFigures> figures = batch(client, servers, draws, batch);
        measured.accept(figures);
        all.add(figures);
      }
    }
    return all;
  }

  private void warmUp(RoundClient client, MeasuredServer server, PromptDraws draws, int batch)
      throws InterruptedException {
    long start = System.nanoTime();
    do {
      var _ = client.complete(server.data(), draws.next(batch), load.tokens());
    } while (System.nanoTime() - start < load.warmUp().toNanos());
  }

  private List<BatchFigures> batch(
      RoundClient client, List<MeasuredServer> servers, PromptDraws draws, int batch)
      throws InterruptedException {
    List<List<BatchFigures.Sample>> samples = new ArrayList<>();
    servers.forEach(_ -> samples.add(new ArrayList<>()));
    for (int repeat = 0; repeat < load.repeats(); repeat++) {
      List<int[]> first = draws.next(batch);
      List<int[]> second = draws.next(batch);
      for (int i = 0; i < servers.size(); i++) {
        MeasuredServer server = servers.get(i);
        List<StoppedProcess> stopped = stopped(servers, server);
        try {
          samples.get(i).add(sample(client, server, first, second));
        } finally {
          stopped.forEach(StoppedProcess::close);
        }
      }
    }
    return samples.stream().map(rounds -> BatchFigures.of(batch, rounds)).toList();
  }

  /** The processes of the other servers, which may be busy even without a request. */
  private static List<StoppedProcess> stopped(List<MeasuredServer> servers, MeasuredServer but) {
    return servers.stream()
        .filter(server -> !server.equals(but))
        .flatMap(server -> server.process().stream())
        .map(StoppedProcess::new)
        .toList();
  }

  private BatchFigures.Sample sample(
      RoundClient client, MeasuredServer server, List<int[]> first, List<int[]> second)
      throws InterruptedException {
    Thread.sleep(SETTLE);
    double others = BusyCores.during(IDLE_MS);
    Round prompts = client.complete(server.data(), first, 1);
    Optional<EngineSeconds> before = engineSeconds(server);
    Round whole = client.complete(server.data(), second, load.tokens());
    double linearShare =
        before
            .flatMap(then -> engineSeconds(server).map(now -> now.linearShareSince(then)))
            .orElse(Double.NaN);
    return new BatchFigures.Sample(prompts, whole, linearShare, others);
  }

  private static Optional<EngineSeconds> engineSeconds(MeasuredServer server) {
    return server
        .metrics()
        .map(
            url -> {
              try (AdminClient client =
                  new AdminClient(
                      url, AdminDeadlines.DEFAULT, EventLog.silent(MonotonicClock.SYSTEM))) {
                return EngineSeconds.of(client);
              }
            });
  }
}
