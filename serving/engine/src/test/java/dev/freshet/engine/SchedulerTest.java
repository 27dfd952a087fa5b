package dev.freshet.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.wire.LogitRules;
import dev.freshet.wire.LogprobsMode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps that are planned for a runner that checks every block it reads. */
class SchedulerTest {
  static IntStream seeds() {
    return IntStream.range(0, 60);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyCompletionIsWhatItIsAloneWhateverItShares(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int blockTokens = 1 + random.nextInt(8);
    SimulatedEngine engine =
        new SimulatedEngine(400, blockTokens, 1 + random.nextInt(8), 1 + random.nextInt(40));
    List<Sequence> all = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      all.add(engine.submit(randomRequest(random, i)));
      for (int turns = random.nextInt(6); turns > 0; turns--) {
        engine.turn();
      }
    }
    engine.finish();

    requireExpected(engine, all);
    int needed = all.stream().mapToInt(one -> one.length() - 1).sum();
    int hits = (int) engine.value("freshet_prefix_hit_tokens_total");
    if (engine.value("freshet_preemptions_total") == 0) {
      assertThat(engine.runner.tokens() + hits).as("each token once").isEqualTo(needed);
      assertThat(engine.value("freshet_rebuilt_tokens_total")).isZero();
    }
    for (Sequence one : all) {
      assertThat(one.cachedPrompt()).isBetween(0, one.promptLength() - 1);
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void preemptionsUpdatesFailuresAndCancelledOnesLoseNoTokenAndDrawNoneTwice(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int blockTokens = 1 + random.nextInt(6);
    int largest = Math.ceilDiv(40 + 30, blockTokens);
    SimulatedEngine engine =
        new SimulatedEngine(
            largest + random.nextInt(2 * largest),
            blockTokens,
            1 + random.nextInt(8),
            1 + random.nextInt(30));
    List<Sequence> kept = new ArrayList<>();
    List<Sequence> poisoned = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Sequence sequence = engine.submit(randomRequest(random, i));
      switch (random.nextInt(12)) {
        case 0 -> {
          engine.runner.poison(sequence);
          poisoned.add(sequence);
        }
        case 1 -> {
          engine.turn();
          sequence.cancel();
        }
        default -> kept.add(sequence);
      }
      if (random.nextInt(10) == 0) {
        engine.swap(random.nextBoolean());
      }
      if (random.nextInt(10) == 0) {
        engine.runner.failNext();
      }
      for (int turns = random.nextInt(8); turns > 0; turns--) {
        engine.turn();
      }
    }
    engine.finish();

    for (Sequence one : poisoned) {
      assertThat(engine.timeline.of(one).getLast().finish()).contains(FinishReason.ERROR);
    }
    // A step of one sequence that fails ends it, whatever the reason.
    List<Sequence> ended =
        kept.stream().filter(one -> engine.timeline.tokens(one).contains(-1)).toList();
    assertThat(ended).hasSizeLessThanOrEqualTo(engine.runner.failures());
    kept.removeAll(ended);
    requireExpected(engine, kept);
  }

  private static void requireExpected(SimulatedEngine engine, List<Sequence> sequences) {
    for (Sequence one : sequences) {
      assertThat(engine.timeline.tokens(one)).isEqualTo(CheckedRunner.expected(one.request()));
    }
  }

  /** Prompts that often begin as others do, of three priorities and two salts. */
  private static GenerationRequest randomRequest(SplittableRandom random, long seed) {
    int kind = random.nextInt(3);
    int length = 1 + random.nextInt(40);
    int same = random.nextInt(41);
    int[] prompt =
        IntStream.range(0, length).map(i -> i < same ? kind + i % 3 : random.nextInt(5)).toArray();
    return request(
        prompt,
        1 + random.nextInt(30),
        seed,
        random.nextInt(3),
        random.nextInt(4) == 0 ? Optional.of("salt") : Optional.empty());
  }

  private static GenerationRequest request(int[] prompt, int maxTokens, long seed) {
    return request(prompt, maxTokens, seed, 0, Optional.empty());
  }

  private static GenerationRequest request(
      int[] prompt, int maxTokens, long seed, long priority, Optional<String> salt) {
    return new GenerationRequest(
        prompt,
        maxTokens,
        1,
        1,
        0,
        0,
        OptionalLong.of(seed),
        Set.of(),
        LogitRules.NONE,
        Optional.empty(),
        0,
        OptionalInt.empty(),
        LogprobsMode.RAW_LOGPROBS,
        priority,
        salt,
        Optional.empty());
  }

  private static int[] prompt(int length, int seed) {
    return new SplittableRandom(seed).ints(length, 0, 1000).toArray();
  }

  @Test
  void preemptionsHappenAndTakeTheLastInTheOrderOfService() {
    SimulatedEngine engine = new SimulatedEngine(20, 4, 8, 16);
    List<Sequence> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      all.add(engine.submit(request(prompt(4, i), 60, i, i % 2, Optional.empty())));
    }
    List<Sequence> order = all.stream().sorted(Sequence.ORDER).toList();
    Set<Sequence> preempted = new HashSet<>();
    while (!engine.running.isEmpty() || engine.admission.waiting() > 0) {
      engine.turn();
      List<Sequence> lost = engine.running.all().stream().filter(one -> !one.isAdmitted()).toList();
      preempted.addAll(lost);
      if (!lost.isEmpty()) {
        assertThat(engine.running.all()).isSortedAccordingTo(Sequence.ORDER);
        assertThat(engine.running.all()).endsWith(lost.toArray(Sequence[]::new));
      }
    }

    assertThat(preempted).hasSizeGreaterThan(3).doesNotContain(order.getFirst());
    assertThat(engine.value("freshet_preemptions_total")).isGreaterThanOrEqualTo(preempted.size());
    requireExpected(engine, all);
  }

  @Test
  void completionsStartByPriorityThenByArrival() {
    SimulatedEngine engine = new SimulatedEngine(100, 4, 2, 16);
    SplittableRandom random = new SplittableRandom(3);
    List<Sequence> all = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      all.add(engine.submit(request(prompt(3, i), 1, i, random.nextInt(4), Optional.empty())));
    }
    engine.finish();

    assertThat(engine.timeline.events().stream().map(event -> (Sequence) event.generation()))
        .containsExactlyElementsOf(all.stream().sorted(Sequence.ORDER).toList());
  }

  @Test
  void sixteenOfOnePromptComputeItOnce() {
    for (int length : new int[] {512, 500, 40}) {
      SimulatedEngine engine = new SimulatedEngine(1000, 16, 16, 256);
      List<Sequence> all = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        all.add(engine.submit(request(prompt(length, 1), 1, i)));
      }
      engine.finish();

      // A block that is computed in the same step is shared if it is full, and not copied.
      assertThat(engine.runner.tokens()).isBetween(length, length + 20 * 16);
      requireExpected(engine, all);
    }
  }

  @Test
  void aLaterTurnComputesOnlyWhatIsNew() {
    SimulatedEngine engine = new SimulatedEngine(1000, 16, 4, 256);
    Sequence first = engine.submit(request(prompt(100, 1), 50, 1));
    engine.finish();
    int before = engine.runner.tokens();
    int[] next =
        IntStream.concat(
                IntStream.range(0, first.length()).map(first::token), IntStream.of(prompt(30, 2)))
            .toArray();
    Sequence second = engine.submit(request(next, 1, 2));
    engine.finish();

    // 149 tokens were computed: 9 blocks and 5 tokens of one that is not full, so not indexed.
    assertThat(second.cachedPrompt()).isEqualTo(144);
    assertThat(engine.runner.tokens() - before).isEqualTo(next.length - 144);
  }

  @Test
  void aBlockThatIsEqualInItsFirstTokensIsCopied() {
    SimulatedEngine engine = new SimulatedEngine(1000, 16, 4, 256);
    int[] first = prompt(32, 1);
    int[] second = first.clone();
    second[26]++;
    engine.submit(request(first, 1, 1));
    engine.finish();
    Sequence copied = engine.submit(request(second, 1, 2));
    engine.finish();

    assertThat(copied.cachedPrompt()).isEqualTo(26);
    assertThat(engine.runner.tokens()).isEqualTo(32 + 6);
  }

  @Test
  void oneTokenRequestsStarveNeitherStreamsNorALongPrompt() {
    SimulatedEngine engine = new SimulatedEngine(2000, 4, 16, 16);
    List<Sequence> streams = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      streams.add(engine.submit(request(prompt(3, i), 400, i)));
    }
    for (int i = 0; i < 10; i++) {
      engine.turn();
    }
    Sequence longest = engine.submit(request(prompt(500, 99), 1, 99));
    int turns = 0;
    for (; engine.timeline.of(longest).isEmpty(); turns++) {
      for (int i = 0; i < 3; i++) {
        engine.submit(request(prompt(3, 1000 + 3 * turns + i), 1, i));
      }
      engine.turn();
    }

    // 10 of a step's 16 tokens are for prompts, and half of them for the long one.
    assertThat(turns).isBetween(50, 130);
    for (Sequence stream : streams) {
      assertThat(engine.timeline.before(stream, longest).size()).isGreaterThanOrEqualTo(turns);
    }
    long answered =
        engine.timeline.events().stream()
            .filter(event -> ((Sequence) event.generation()).request().maxTokens() == 1)
            .count();
    assertThat(answered).isGreaterThan(turns);
  }

  @Test
  void promptsHaveAQuarterOfAStepWhateverDecodes() {
    SimulatedEngine engine = new SimulatedEngine(4000, 4, 64, 16);
    for (int i = 0; i < 40; i++) {
      engine.submit(request(prompt(3, i), 300, i));
    }
    while (engine.admission.waiting() > 0) {
      engine.turn();
    }
    Sequence longest = engine.submit(request(prompt(200, 99), 1, 99));
    int turns = 0;
    for (; engine.timeline.of(longest).isEmpty(); turns++) {
      engine.turn();
    }

    assertThat(turns).isBetween(50, 55);
    assertThat(engine.runner.steps().getLast()).hasSize(41);
  }

  @Test
  void aLowerPriorityGetsWhatAHigherOneLeaves() {
    SimulatedEngine engine = new SimulatedEngine(1000, 4, 4, 16);
    Sequence low = engine.submit(request(prompt(100, 1), 1, 1, 1, Optional.empty()));
    engine.turn();
    Sequence high = engine.submit(request(prompt(100, 2), 1, 2, 0, Optional.empty()));
    engine.turn();

    assertThat(engine.runner.steps().getLast().stream().map(Chunk::sequence)).containsExactly(high);
    engine.finish();
    assertThat(engine.timeline.events().stream().map(TokenEvent::generation))
        .containsExactly(high, low);
  }

  @Test
  void aStepThatFailsEndsOnlyTheSequenceThatCannotBeComputed() {
    SimulatedEngine engine = new SimulatedEngine(1000, 4, 8, 16);
    List<Sequence> all = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      all.add(engine.submit(request(prompt(20, 1), 20, i)));
    }
    engine.turn();
    engine.turn();
    engine.runner.poison(all.get(2));
    engine.finish();

    assertThat(engine.timeline.of(all.get(2)).getLast().finish()).contains(FinishReason.ERROR);
    assertThat(engine.runner.failures()).isEqualTo(2);
    all.remove(2);
    requireExpected(engine, all);
  }

  @Test
  void blocksOfASequenceWithNanLogitsAreNotShared() {
    SimulatedEngine engine = new SimulatedEngine(1000, 4, 8, 64);
    Sequence broken = engine.submit(request(prompt(40, 1), 20, 1));
    engine.runner.makeNan(broken);
    engine.finish();
    int before = engine.runner.tokens();
    Sequence next = engine.submit(request(prompt(40, 1), 1, 2));
    engine.finish();

    assertThat(engine.timeline.of(broken).getLast().finish()).contains(FinishReason.ERROR);
    assertThat(next.cachedPrompt()).isZero();
    assertThat(engine.runner.tokens() - before).isEqualTo(40);
    requireExpected(engine, List.of(next));
  }

  @Test
  void afterAnUpdateNoBlockOfTheVersionBeforeIsShared() {
    for (boolean recompute : List.of(true, false)) {
      SimulatedEngine engine = new SimulatedEngine(1000, 4, 8, 64);
      Sequence crossing = engine.submit(request(prompt(40, 1), 30, 1));
      for (int i = 0; i < 10; i++) {
        engine.turn();
      }
      engine.swap(recompute);
      Sequence next = engine.submit(request(prompt(40, 1), 30, 2));
      engine.finish();
      Sequence after = engine.submit(request(prompt(41, 1), 1, 3));
      engine.finish();

      assertThat(next.cachedPrompt()).isEqualTo(recompute ? 36 : 0);
      assertThat(engine.value("freshet_rebuilt_tokens_total")).isEqualTo(recompute ? 49 : 0);
      assertThat(after.cachedPrompt()).isEqualTo(40);
      requireExpected(engine, List.of(crossing, next, after));
    }
  }
}
