package dev.freshet.cli;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.engine.Collected;
import dev.freshet.engine.EmbeddedEngine;
import dev.freshet.engine.Fixture;
import dev.freshet.engine.Sequence;
import dev.freshet.engine.StepMeter;
import dev.freshet.engine.SyntheticEngine;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.orchestrator.OrchestratorMetrics;
import dev.freshet.server.EngineServer;
import dev.freshet.server.InferenceMetrics;
import dev.freshet.server.PrintableTokens;
import dev.freshet.server.ScrapedPage;
import dev.freshet.server.ServedModel;
import dev.freshet.server.ServerConfig;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.AdminTimings;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.RecentLines;
import dev.freshet.trace.TraceId;
import dev.freshet.trace.waits.Waits;
import dev.freshet.wire.UpdateMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import jdk.jfr.Recording;

/**
 * The cost of metrics, log lines and waits relative to the work they measure, in one run: counting
 * a decode step against a step of the small test model (the shortest there is), and recording a
 * weight update at both ends against the update. The counting is timed separately, because the
 * difference of two whole runs would be lost in their variance. Run by {@code bench/metrics.sh}.
 */
final class MetricsCost {
  private static final int ROUNDS = 9;
  private static final int STEPS = 20_000;
  private static final int UPDATES = 2_000;
  private static final Duration WAIT = Duration.ofMinutes(1);
  private static final MonotonicClock CLOCK = MonotonicClock.SYSTEM;

  private MetricsCost() {}

  static void main(String[] arguments) throws Exception {
    System.out.println("completions  step us  counting us  share   with as many ages us  share");
    for (int completions : new int[] {1, 4, 48}) {
      double step = decodeStep(completions);
      double usual = counting(completions, _ -> 0);
      double worst = counting(completions, slot -> slot);
      System.out.printf(
          "%11d  %7.1f  %11.3f  %5.2f %%  %21.3f  %5.2f %%%n",
          completions, step, usual, 100 * usual / step, worst, 100 * worst / step);
    }
    update();
  }

  /** Microseconds of a decode step of the test model. */
  private static double decodeStep(int completions) throws InterruptedException {
    MetricsRegistry registry = new MetricsRegistry();
    InferenceMetrics metrics = InferenceMetrics.in(registry, CLOCK);
    try (EmbeddedEngine engine =
        Fixture.engine(Fixture.LLAMA, completions, completions, metrics.engine())) {
      for (int round = 0; round < ROUNDS; round++) {
        List<Collected> running = new ArrayList<>();
        for (int i = 0; i < completions; i++) {
          running.add(Collected.of(engine, Fixture.greedy(new int[] {i + 3, 7, 9}, 200)));
        }
        for (Collected one : running) {
          var _ = one.finish();
        }
      }
    }
    ScrapedPage page = page(registry);
    return 1e6
        * page.value("freshet_decode_step_seconds_sum")
        / page.value("freshet_decode_step_seconds_count");
  }

  private static ScrapedPage page(MetricsRegistry registry) {
    return new ScrapedPage(new String(registry.page("").body(), StandardCharsets.UTF_8));
  }

  /** How long ago, in nanoseconds, the completion of a slot had its token before. */
  private interface Age {
    long nanos(int slot);
  }

  /** Microseconds of the counting of one step. */
  private static double counting(int completions, Age age) {
    StepMeter meter =
        new StepMeter(InferenceMetrics.in(new MetricsRegistry(), CLOCK).engine(), CLOCK);
    List<Sequence> sequences = IntStream.range(0, completions).mapToObj(_ -> sequence()).toList();
    return median(
        round -> {
          for (int step = 0; step < STEPS; step++) {
            for (int slot = 0; slot < completions; slot++) {
              var _ = sequences.get(slot).tokenMade(1 + age.nanos(slot));
            }
            meter.looking(true, false);
            meter.found();
            meter.begin();
            meter.computed(false, 0);
            for (Sequence sequence : sequences) {
              meter.token(sequence);
            }
            meter.end();
          }
        },
        STEPS);
  }

  /** One that has two tokens, so that the next follows another. */
  private static Sequence sequence() {
    Sequence sequence =
        new Sequence(
            Fixture.greedy(new int[] {3}, 100),
            Optional.empty(),
            _ -> {},
            new SplittableRandom(1),
            100,
            0,
            _ -> {});
    var _ = sequence.append(4);
    var _ = sequence.append(5);
    return sequence;
  }

  private static double median(LongConsumer work, int times) {
    double[] micros = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      long start = System.nanoTime();
      work.accept(round);
      micros[round] = (System.nanoTime() - start) / 1e3 / times;
    }
    Arrays.sort(micros);
    return micros[ROUNDS / 2];
  }

  private static void update() {
    EventLog events = new EventLog(_ -> {}, CLOCK);
    MetricsRegistry registry = MetricsRegistry.withJvm();
    InferenceMetrics metrics = InferenceMetrics.in(registry, CLOCK);
    OrchestratorMetrics orchestrator = new OrchestratorMetrics(registry);
    List<AdminTimings> timings = new ArrayList<>();
    try (Tokenizer tokenizer = Tokenizer.load(Fixture.LLAMA);
        SyntheticEngine engine =
            new SyntheticEngine(
                "m",
                tokenizer.vocabSize(),
                PrintableTokens.of(tokenizer),
                1000,
                CLOCK,
                metrics.engine());
        EngineServer front =
            EngineServer.start(
                engine,
                tokenizer,
                new ServedModel("m", Set.of()),
                events,
                metrics,
                ServerConfig.on("127.0.0.1", 0, 0));
        AdminClient admin = new AdminClient(front.adminUrl(), AdminDeadlines.DEFAULT, events)) {
      for (int step = 1; step <= UPDATES; step++) {
        timings.add(
            admin
                .updateWeights(Path.of("none"), step, UpdateMode.KEEP, TraceId.random())
                .timings());
      }
    }
    AdminTimings one = timings.getLast();
    double counting =
        median(
            _ -> {
              for (int i = 0; i < STEPS; i++) {
                metrics.server().succeeded("update_weights", "all", one.measured(), one.stallMs());
                orchestrator.fleet().acknowledged("127.0.0.1:8001", one);
              }
            },
            STEPS);
    double[] walls = timings.stream().mapToDouble(t -> 1e3 * t.wallMs()).sorted().toArray();
    double wall = walls[walls.length / 2];
    double page = median(_ -> registry.page(""), 1);
    double telling = telling(one);
    double recording;
    try (Recording flight = new Recording()) {
      flight.start();
      recording = telling(one);
    }
    double cost = counting + telling;
    System.out.printf(
        "%nan update without a model %.0f us at the median; of these at both ends%ncounting it %.2f"
            + " us, its lines and waits %.2f us (%.2f us while the flight recorder records): %.2f"
            + " %%%n",
        wall, counting, telling, recording, 100 * cost / wall);
    System.out.printf("a page of %d bytes %.0f us%n", registry.page("").body().length, page);
  }

  /** Microseconds of an update's five lines, without writing them, and its two waits. */
  private static double telling(AdminTimings one) {
    RecentLines recent = new RecentLines(InstantSource.system());
    EventLog events = new EventLog(recent::add, CLOCK);
    String path = "/update_weights";
    return median(
        _ -> {
          for (int i = 0; i < STEPS; i++) {
            TraceId trace = TraceId.random();
            try (Waits.Open _ = Waits.begin("orchestrator", "an update", "inference", WAIT)) {
              var _ = events.clientSend(trace, one.url(), Optional.of(path));
              events.serverRecv(trace, path, CLOCK.nanos());
              events.rpcStart(trace, one.op(), "all", CLOCK.nanos());
              try (Waits.Open _ = Waits.begin("inference", "a step", "the decode loop", WAIT)) {
                events.rpcDone(trace, one.op(), "all", CLOCK.nanos(), one.wallMs());
              }
              events.clientDone(one);
            }
          }
        },
        STEPS);
  }
}
