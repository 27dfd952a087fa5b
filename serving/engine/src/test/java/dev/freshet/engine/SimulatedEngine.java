package dev.freshet.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.metrics.MetricsRegistry;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The scheduler, the steps and the KV blocks of an engine with a {@link CheckedRunner}. The test
 * takes the steps; after each it checks owners of blocks, the tokens of the step and that the first
 * sequence in the order of service advanced.
 */
final class SimulatedEngine {
  final KvBlocks blocks;
  final Running running;
  final CheckedRunner runner;
  final StepTimeline timeline = new StepTimeline();
  final AdmissionQueue admission;
  private final Scheduler scheduler;
  private final Steps steps;
  private final Outgoing outgoing = new Outgoing();
  private final MetricsRegistry registry = new MetricsRegistry();
  private final int stepTokens;
  private long arrivals;

  SimulatedEngine(int count, int blockTokens, int places, int stepTokens) {
    this.stepTokens = stepTokens;
    this.admission = new AdmissionQueue(1 << 20, stepTokens);
    this.blocks = new KvBlocks(count, blockTokens);
    this.running = new Running(blocks, places);
    this.runner = new CheckedRunner(count, blockTokens);
    EngineMetrics metrics = new EngineMetrics(registry, () -> 0);
    this.scheduler =
        new Scheduler(new StepPlan.Parts(blocks, running, admission, runner, metrics, stepTokens));
    this.steps =
        new Steps(
            runner,
            scheduler,
            running,
            new Gate<SyntheticEngine.Weights>(),
            outgoing,
            new StepMeter(metrics, () -> 0));
  }

  Sequence submit(GenerationRequest request) {
    Sequence sequence =
        new Sequence(
            request,
            Optional.empty(),
            timeline,
            new SplittableRandom(request.seed().orElse(0)),
            request.maxTokens(),
            arrivals++,
            admission::cancelled);
    admission.add(List.of(sequence));
    return sequence;
  }

  /** One turn of the decode loop. */
  void turn() {
    running.remove(Sequence::cancelled);
    int taken = runner.steps().size();
    boolean alone = running.all().stream().anyMatch(Sequence::isAlone);
    Optional<Sequence> first = running.all().stream().findFirst();
    steps.take();
    outgoing.deliver();
    checkOwners();
    if (runner.steps().size() > taken) {
      check(runner.steps().getLast(), alone ? Optional.empty() : first);
    }
  }

  private void checkOwners() {
    Set<Integer> owned = new HashSet<>();
    for (Sequence sequence : running.all()) {
      int[] own = sequence.table().blocks();
      int count = sequence.table().count();
      assertThat(IntStream.range(0, count).map(i -> own[i]).distinct().count()).isEqualTo(count);
      IntStream.range(0, count).forEach(i -> owned.add(own[i]));
      assertThat(sequence.isAdmitted() || count == 0).isTrue();
    }
    assertThat(blocks.owned()).as("blocks with an owner").isEqualTo(owned.size());
    assertThat(running.freePlaces()).isNotNegative();
  }

  private void check(List<Chunk> step, Optional<Sequence> first) {
    int decodes = (int) step.stream().filter(chunk -> isDecode(chunk)).count();
    int prompts = step.stream().filter(chunk -> !isDecode(chunk)).mapToInt(Chunk::count).sum();
    assertThat(prompts)
        .as("tokens of prompts beside %d that decode", decodes)
        .isLessThanOrEqualTo(Math.max(stepTokens - decodes, Math.ceilDiv(stepTokens, 4)));
    first.ifPresent(
        one ->
            assertThat(Sequence.ORDER.compare(step.getFirst().sequence(), one))
                .as("the first advances, unless one started that is served earlier")
                .isNotPositive());
  }

  private static boolean isDecode(Chunk chunk) {
    return chunk.count() == 1 && chunk.end() > chunk.sequence().promptLength();
  }

  void swap(boolean recompute) {
    var _ = runner.swap(new SyntheticEngine.Weights(runner.version() + 1));
    scheduler.newVersion(recompute);
    if (recompute) {
      runner.requireRebuilt();
    }
  }

  /** Takes turns until no sequence is left. */
  void finish() {
    for (int turn = 0; !running.isEmpty() || admission.waiting() > 0; turn++) {
      assertThat(turn).as("turns").isLessThan(100_000);
      turn();
    }
    assertThat(blocks.faultsWhenIdle()).isEmpty();
  }

  double value(String metric) {
    return Fixture.value(registry, metric);
  }
}
