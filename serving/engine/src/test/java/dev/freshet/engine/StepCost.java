package dev.freshet.engine;

import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.trace.MonotonicClock;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Prints what completions cost an engine in this process, without HTTP: {@code StepCost MODEL BATCH
 * PROMPT_TOKENS TOKENS ROUNDS STEP_TOKENS}. In every round, {@code BATCH} greedy completions begin
 * at once. All figures are processor time of the engine's thread, which computes alone, without the
 * JIT compiler's: in all by generated tokens, and until completions have their first token. Their
 * minimum over the rounds can be compared on a machine that others use too.
 */
final class StepCost {
  private static final int VOCABULARY = 3_000;
  private static final long DEADLINE_SECONDS = 300;

  private StepCost() {}

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** A completion, and the processor time of the engine's thread when its first token was made. */
  private static final class Timed implements Outlet {
    private final CountDownLatch ended;
    private volatile long first;

    Timed(CountDownLatch ended) {
      this.ended = ended;
    }

    @Override
    public void deliver(List<TokenEvent> step) {
      if (first == 0) {
        first = THREADS.getCurrentThreadCpuTime();
      }
      step.stream().filter(event -> event.finish().isPresent()).forEach(_ -> ended.countDown());
    }
  }

  public static void main(String[] args) throws InterruptedException {
    Path model = Path.of(args[0]);
    int[] numbers = Arrays.stream(args).skip(1).mapToInt(Integer::parseInt).toArray();
    int batch = numbers[0];
    int promptTokens = numbers[1];
    int tokens = numbers[2];
    EngineConfig config =
        new EngineConfig(
            "model",
            batch,
            promptTokens + tokens,
            batch,
            numbers[4],
            0,
            1,
            EngineConfig.Precision.AUTO,
            EngineConfig.HeadPrecision.AUTO,
            true,
            false,
            Fixture.ADAPTERS);
    EngineMetrics metrics = new EngineMetrics(new MetricsRegistry(), MonotonicClock.SYSTEM);
    try (EmbeddedEngine engine =
        new EmbeddedEngine(model, config, MonotonicClock.SYSTEM, metrics)) {
      double least = Double.MAX_VALUE;
      for (int round = 0; round < numbers[3]; round++) {
        double cost = round(engine, batch, promptTokens, tokens, round);
        least = Math.min(least, cost);
      }
      System.out.printf("least: %.3f CPU s per 1,000 tokens%n", least);
    }
  }

  private static double round(
      EmbeddedEngine engine, int batch, int promptTokens, int tokens, int round)
      throws InterruptedException {
    SplittableRandom random = new SplittableRandom(round);
    CountDownLatch ended = new CountDownLatch(batch);
    Timed[] completions = new Timed[batch];
    long start = cpuNanos();
    for (int i = 0; i < batch; i++) {
      completions[i] = new Timed(ended);
      int[] prompt = random.ints(promptTokens, 3, VOCABULARY).toArray();
      engine.submit(Fixture.greedy(prompt, tokens), completions[i]);
    }
    if (!ended.await(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("no end within %d s".formatted(DEADLINE_SECONDS));
    }
    double cost = (cpuNanos() - start) / 1e6 / batch / tokens;
    long[] firsts =
        Arrays.stream(completions)
            .mapToLong(one -> (one.first - start) / 1_000_000)
            .sorted()
            .toArray();
    System.out.printf(
        "%.3f CPU s per 1,000 tokens; first token after %d CPU ms p50, %d CPU ms last%n",
        cost, firsts[batch / 2], firsts[batch - 1]);
    return cost;
  }

  /** Processor time of the engine's thread so far. */
  private static long cpuNanos() {
    return Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
        .filter(thread -> thread != null && thread.getThreadName().equals("freshet-engine"))
        .mapToLong(thread -> THREADS.getThreadCpuTime(thread.getThreadId()))
        .sum();
  }
}
