package dev.freshet.orchestrator;

import dev.freshet.environments.Environment;
import dev.freshet.environments.EnvironmentMix;
import dev.freshet.environments.PromptFormat;
import dev.freshet.environments.ReverseText;
import dev.freshet.metrics.MetricsFile;
import dev.freshet.metrics.MetricsReader;
import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.rollouts.Advantage;
import dev.freshet.rollouts.BatchStore;
import dev.freshet.rollouts.RunJournal;
import dev.freshet.text.CharTokenizer;
import dev.freshet.text.Tokenizer;
import dev.freshet.trace.EventLog;
import dev.freshet.trace.MonotonicClock;
import dev.freshet.weights.CheckpointStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** One orchestrator with real files and sockets around it. */
public final class TestRun implements AutoCloseable {
  public static final String ALPHABET = "abcdefgh";

  static final int MOST_TOKENS = 64;

  private static final long SEED = 7;

  final List<String> lines = new CopyOnWriteArrayList<>();
  final List<Progress> progress = new CopyOnWriteArrayList<>();
  final CheckpointStore weights;
  final BatchStore batches;
  final Path weightsDir;
  final Orchestrator orchestrator;

  final MetricsRegistry registry = new MetricsRegistry();

  private final MetricsFile metrics;
  private final RunJournal journal;
  private final Path dir;
  private final CompletableFuture<OrchestratorReport> report = new CompletableFuture<>();
  private final List<AutoCloseable> owned = new ArrayList<>();

  TestRun(Path dir, TestConfig config, Tokenizer tokenizer, Environment... environments)
      throws IOException {
    this(dir, config, PromptFormat.plain(tokenizer, "the model"), environments);
  }

  TestRun(Path dir, TestConfig config, PromptFormat format, Environment... environments)
      throws IOException {
    this.weightsDir = dir.resolve("weights");
    this.weights = new CheckpointStore(weightsDir);
    this.batches = new BatchStore(dir.resolve("rollouts"));
    this.dir = dir;
    this.metrics = MetricsFile.open(dir, "orchestrator", InstantSource.system());
    this.journal =
        RunJournal.resumeOrBegin(
            dir.resolve("journal.jsonl"), Map.of("run.seed", String.valueOf(SEED)));
    this.orchestrator =
        new Orchestrator(
            config.build(),
            Advantage.MEAN,
            config.steps,
            SEED,
            new EnvironmentMix(
                Arrays.stream(environments).map(e -> new EnvironmentMix.Part(e, 1)).toList()),
            format,
            MOST_TOKENS,
            weights,
            batches,
            journal,
            metrics,
            new OrchestratorMetrics(registry),
            new EventLog(lines::add, MonotonicClock.SYSTEM),
            progress::add);
  }

  /** A tokenizer of {@link #ALPHABET}. */
  public static Tokenizer tokenizer(Path dir) throws IOException {
    new CharTokenizer(ALPHABET).write(dir);
    return Tokenizer.load(dir);
  }

  public static ReverseText reverseText() {
    return new ReverseText(ALPHABET, 3, 6, 1);
  }

  /** Reverses, and gets each letter right with a probability that grows with the version. */
  static int[] reverser(int[] prompt, long seed, long version) {
    Random random = new Random(seed * 31 + version);
    int letters = prompt.length - 2;
    int[] answer = new int[letters + 1];
    for (int i = 0; i < letters; i++) {
      boolean right = random.nextDouble() < 0.3 + 0.1 * version;
      answer[i] = right ? prompt[letters - i] : 4 + random.nextInt(ALPHABET.length());
    }
    answer[letters] = CharTokenizer.EOS;
    return answer;
  }

  TestTrainer trainer(long steps, TestTrainer.Gate gate) {
    TestTrainer trainer = new TestTrainer(batches, weights, steps, gate);
    owned.add(trainer);
    return trainer;
  }

  /** Begins the run on a thread of its own. */
  void start() {
    Thread runner =
        Thread.ofPlatform()
            .name("test-run")
            .start(
                () -> {
                  try {
                    report.complete(orchestrator.run());
                  } catch (Throwable e) {
                    report.completeExceptionally(e);
                  }
                });
    owned.addFirst(
        () -> {
          orchestrator.stop();
          runner.join(30_000);
        });
  }

  /** The run's report, or what it threw. */
  OrchestratorReport report() throws Exception {
    return report.get(60, TimeUnit.SECONDS);
  }

  boolean ended() {
    return report.isDone();
  }

  /** The number of groups whose dispatch is in the journal. */
  long journaled() {
    return journalLines("dispatched").count();
  }

  /** The number of rollouts whose reward is in the journal. */
  long scored() {
    return journalLines("scored").count();
  }

  private Stream<JsonNode> journalLines(String kind) {
    try {
      String text = Files.readString(dir.resolve("journal.jsonl"));
      return text.substring(0, text.lastIndexOf('\n') + 1)
          .lines()
          .map(line -> new ObjectMapper().readTree(line))
          .filter(line -> line.path("record").asString().equals(kind));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<JsonNode> metrics(String kind) throws IOException {
    List<JsonNode> all = new ArrayList<>();
    new MetricsReader(dir).read(all::add);
    return all.stream().filter(line -> line.path("kind").asString().equals(kind)).toList();
  }

  /** The value of a series on the run's page of metrics. */
  double figure(String series) {
    return new String(registry.page("").body(), StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + series));
  }

  /** Waits until {@code condition} holds; a minute without it is a failure. */
  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("did not happen: " + what);
      }
      Thread.sleep(5);
    }
  }

  @Override
  public void close() throws Exception {
    for (AutoCloseable part : owned) {
      part.close();
    }
    metrics.close();
    journal.close();
  }
}
