package dev.freshet.cli;

import dev.freshet.client.AdminClient;
import dev.freshet.client.AdminDeadlines;
import dev.freshet.engine.SyntheticEngine;
import dev.freshet.lab.route.RouteBench;
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
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;

/**
 * What runs while the build records the start-up caches (AOT caches of the JDK), so that a cache
 * has the classes that a group of commands loads and the profiles of the methods it calls: {@code
 * engine} are the commands that compute completions or train, {@code roles} those that orchestrate,
 * relay or measure, {@code tools} all others, which also read what {@code engine} left in the
 * directory. The cache of {@code engine} holds classes only: with an incubating module the JDK
 * keeps no profiles.
 */
final class StartUpTraining {
  private static final int UPDATES = 6000;
  private static final Duration MOST = Duration.ofSeconds(5);
  private static final double STEPS_PER_SECOND = 1000;

  private static final int STREAMS = 200;
  private static final double EVENTS_PER_SECOND = 50;
  private static final int REPLICAS = 2;
  private static final Duration UPDATES_BESIDE = Duration.ofSeconds(2);

  private StartUpTraining() {}

  /** Arguments: the group, and a directory for its files. Exits with the last command's code. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path dir = Path.of(arguments[1]);
    String run = dir.resolve("run").toString();
    System.exit(
        switch (arguments[0]) {
          case "engine" -> engine(run);
          case "roles" -> roles(dir);
          default -> tools(run);
        });
  }

  private static int engine(String run) {
    return Main.run(
        "run",
        "--run.dir=" + run,
        "--run.steps=12",
        "--sft.steps=3",
        "--orchestrator.eval_problems=8");
  }

  private static int roles(Path dir) throws IOException, InterruptedException {
    updates();
    relays(dir);
    return Main.run("orchestrate", "--help");
  }

  private static int tools(String run) {
    Main.run("--help");
    Main.run("update", "--help");
    Main.run("trace", run);
    return Main.run("analyze", Path.of(run, "logs").toString());
  }

  /**
   * Thousands of weight updates of an engine without a model, so that the first updates find the
   * profiles of both ends of the admin lane.
   */
  private static void updates() {
    EventLog unlogged = EventLog.silent(MonotonicClock.SYSTEM);
    InferenceMetrics unread = InferenceMetrics.in(new MetricsRegistry(), MonotonicClock.SYSTEM);
    try (Tokenizer tokenizer = tokenizer();
        SyntheticEngine engine =
            new SyntheticEngine(
                "start-up",
                tokenizer.vocabSize(),
                PrintableTokens.of(tokenizer),
                STEPS_PER_SECOND,
                MonotonicClock.SYSTEM,
                unread.engine());
        EngineServer server =
            EngineServer.start(
                engine,
                tokenizer,
                new ServedModel("start-up", Set.of()),
                unlogged,
                unread,
                ServerConfig.on("127.0.0.1", 0, 0));
        AdminClient lane = new AdminClient(server.adminUrl(), AdminDeadlines.DEFAULT, unlogged)) {
      long start = System.nanoTime();
      for (int step = 1; step <= UPDATES && System.nanoTime() - start < MOST.toNanos(); step++) {
        lane.updateWeights(Path.of("start-up"), step, UpdateMode.KEEP, TraceId.random());
      }
    }
  }

  /** Streams through a front, and updates of its replicas beside them. */
  private static void relays(Path dir) throws IOException, InterruptedException {
    new RouteBench(EVENTS_PER_SECOND, REPLICAS, Duration.ZERO, Duration.ZERO, UPDATES_BESIDE)
        .updates(new FrontInProcess(), STREAMS, dir);
  }

  private static Tokenizer tokenizer() {
    return Tokenizer.parse(
        Objects.requireNonNull(new CharTokenizer("a").files().get("tokenizer.json")),
        "of the start-up training");
  }
}
