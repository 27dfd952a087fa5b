package dev.freshet.cli;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.engine.SyntheticEngine;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.server.EngineServer;
import dev.freshet.server.InferenceMetrics;
import dev.freshet.server.PrintableTokens;
import dev.freshet.server.ServedModel;
import dev.freshet.server.ServerConfig;
import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.trace.TraceId;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Weight updates of an engine without a model, before the first real one. A run has few updates,
 * far apart: without rehearsal most of them would run in code that is not compiled yet, which takes
 * two to three times as long.
 */
final class LaneRehearsal {
  /** Somewhat more calls than HotSpot wants before it compiles for good. */
  private static final int UPDATES = 6000;

  private static final Duration MOST = Duration.ofSeconds(3);
  private static final double STEPS_PER_SECOND = 1000;
  private static final AtomicBoolean HELD = new AtomicBoolean();

  private LaneRehearsal() {}

  /** Has both ends of the admin lane compiled; once in a process, for at most some seconds. */
  static void hold() {
    if (HELD.getAndSet(true)) {
      return;
    }
    EventLog unlogged = EventLog.silent(MonotonicClock.SYSTEM);
    InferenceMetrics unread = InferenceMetrics.in(new MetricsRegistry(), MonotonicClock.SYSTEM);
    try (Tokenizer tokenizer = tokenizer();
        SyntheticEngine engine =
            new SyntheticEngine(
                "rehearsal",
                tokenizer.vocabSize(),
                PrintableTokens.of(tokenizer),
                STEPS_PER_SECOND,
                MonotonicClock.SYSTEM,
                unread.engine());
        EngineServer front =
            EngineServer.start(
                engine,
                tokenizer,
                new ServedModel("rehearsal", Set.of()),
                unlogged,
                unread,
                ServerConfig.on("127.0.0.1", 0, 0));
        AdminClient lane = new AdminClient(front.adminUrl(), AdminDeadlines.DEFAULT, unlogged)) {
      long start = System.nanoTime();
      for (int step = 1; step <= UPDATES && System.nanoTime() - start < MOST.toNanos(); step++) {
        lane.updateWeights(Path.of("rehearsal"), step, UpdateMode.KEEP, TraceId.random());
      }
    }
  }

  private static Tokenizer tokenizer() {
    return Tokenizer.parse(
        Objects.requireNonNull(new CharTokenizer("a").files().get("tokenizer.json")),
        "of the rehearsal");
  }
}
