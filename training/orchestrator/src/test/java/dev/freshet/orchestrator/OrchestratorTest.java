package dev.freshet.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.freshet.environments.ReverseText;
import dev.freshet.environments.Split;
import dev.freshet.rollouts.Rollout;
import dev.freshet.rollouts.TrainingBatch;
import dev.freshet.rollouts.Trajectory;
import dev.freshet.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class OrchestratorTest {
  private static final Pattern STALENESS = Pattern.compile("staleness=(\\d+)");

  @TempDir Path dir;
  private Tokenizer tokenizer;
  private ReverseText environment;

  @BeforeEach
  void open() throws IOException {
    tokenizer = TestRun.tokenizer(dir);
    environment = TestRun.reverseText();
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void aRunServesTheWeightsOfEveryBatchAndItsRewardRises() throws Exception {
    try (TestServer a = new TestServer(TestRun::reverser);
        TestServer b = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 6, a, b), tokenizer, environment);
        TestTrainer trainer = run.trainer(6, batch -> {})) {
      run.start();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isTrue();
      assertThat(report.policyVersion()).isEqualTo(6);
      assertThat(report.rewardEnd().orElseThrow())
          .isGreaterThan(report.rewardStart().orElseThrow());
      assertThat(report.stalenessMax()).isLessThanOrEqualTo(1);
      assertThat(List.of(a.version, b.version)).containsExactly(6L, 6L);
      assertThat(a.prompts).isNotEmpty();
      assertThat(b.prompts).isNotEmpty();
      assertThat(trainer.batches).hasSize(6);
      assertEveryGroupIsCountedOnce(report.groups());
      assertThat(report.groups().packed()).isEqualTo(12);
      for (TrainingBatch batch : trainer.batches) {
        assertThat(batch.rollouts()).hasSize(8);
        assertThat(batch.rollouts().stream().mapToDouble(Rollout::advantage).sum())
            .isCloseTo(0, org.assertj.core.data.Offset.offset(1e-9));
      }
      for (JsonNode update : run.metrics("update")) {
        assertThat(ms(update, "queue_ms")).isEqualTo(ms(update, "wall_ms") - ms(update, "rpc_ms"));
      }
      assertMetricsAndLines(run);
      assertPage(run, report, a, b);
    }
  }

  @Test
  void answersThatTheTokenLimitEndedAreNotTrainedOnAndCountedWithTheirLength() throws Exception {
    TestConfig config = TestConfig.of(1, 3);
    config.filterOverlong = true;
    config.overlongBuffer = 8;
    try (TestServer server = new TestServer(OrchestratorTest::reverserThatOftenGoesOn)) {
      config.servers = List.of(server.address());
      try (TestRun run = new TestRun(dir, config, tokenizer, environment);
          TestTrainer trainer = run.trainer(3, batch -> {})) {
        run.start();
        run.report();

        long kept = 0;
        for (TrainingBatch batch : trainer.batches) {
          assertThat(batch.rollouts()).isNotEmpty().noneMatch(Rollout::truncated);
          kept += batch.rollouts().size();
        }
        List<JsonNode> steps = run.metrics("step");
        assertThat(steps.stream().mapToLong(step -> step.path("kept_rollouts").asLong()).sum())
            .isEqualTo(kept);
        assertThat(run.figure("freshet_rollouts_total")).isEqualTo(3 * 8);
        double dropped = run.figure("freshet_rollouts_dropped_total{reason=\"overlong\"}");
        assertThat(dropped).isGreaterThanOrEqualTo((double) (24 - kept)).isPositive();
        assertThat(run.figure("freshet_rollout_tokens_dropped_total{reason=\"overlong\"}"))
            .isEqualTo(16 * dropped);
        assertThat(steps.getLast().at("/dropped/overlong/tokens_mean").asDouble(16)).isEqualTo(16);
        assertThat(steps.getLast().path("kept_tokens_mean").asDouble()).isBetween(1.0, 8.0);
      }
    }
  }

  private static int[] reverserThatOftenGoesOn(int[] prompt, long seed, long version) {
    int[] answer = TestRun.reverser(prompt, seed, version);
    return seed % 3 == 0 ? Arrays.copyOf(answer, 40) : answer;
  }

  private static double ms(JsonNode update, String part) {
    assertThat(update.has(part)).as(part).isTrue();
    return update.path(part).asDouble();
  }

  private static void assertPage(TestRun run, OrchestratorReport report, TestServer... servers)
      throws IOException {
    assertThat(run.figure("freshet_batch_seconds_count")).isEqualTo(6);
    assertThat(1e3 * run.figure("freshet_batch_seconds_sum"))
        .isCloseTo(logged(run, "dur_ms"), within(0.05 * 6 + 1e-6));
    assertThat(1e3 * run.figure("freshet_checkpoint_wait_seconds_sum"))
        .isCloseTo(logged(run, "wait_ms"), within(0.05 * 6 + 1e-6));
    assertThat(run.figure("freshet_rollouts_total")).isEqualTo(6 * 8);
    assertThat(run.figure("freshet_groups_total{outcome=\"packed\"}")).isEqualTo(12);
    assertThat(run.figure("freshet_orchestrator_policy_version")).isEqualTo(6);
    assertThat(run.figure("freshet_orchestrator_step")).isEqualTo(6);
    assertThat(run.figure("freshet_async_level_steps")).isEqualTo(1);
    assertThat(run.figure("freshet_batch_staleness_max_steps")).isLessThanOrEqualTo(1);
    assertThat(run.figure("freshet_evaluation_reward")).isEqualTo(report.rewardEnd().orElseThrow());
    for (TestServer server : servers) {
      String admin = server.address().admin().toString();
      List<JsonNode> updates =
          run.metrics("update").stream()
              .filter(update -> update.path("server").asString().equals(admin))
              .toList();
      String replica = server.address().admin().getAuthority();
      String labels = "{op=\"update_weights\",replica=\"%s\"}".formatted(replica);
      assertThat(run.figure("freshet_update_wall_seconds_count" + labels))
          .isEqualTo(updates.size());
      assertThat(1e3 * run.figure("freshet_update_wall_seconds_sum" + labels))
          .isCloseTo(
              updates.stream().mapToDouble(update -> ms(update, "wall_ms")).sum(), within(1e-6));
      assertThat(1e3 * run.figure("freshet_update_queue_seconds_sum" + labels))
          .isCloseTo(
              updates.stream()
                  .mapToDouble(update -> Math.max(0, ms(update, "queue_ms")))
                  .sum(), // The fake server says what it likes of its rpc.
              within(1e-6));
      assertThat(run.figure("freshet_replica_in_rotation{replica=\"%s\"}".formatted(replica)))
          .isEqualTo(1);
    }
  }

  private static double logged(TestRun run, String key) {
    return run.lines.stream()
        .filter(line -> line.contains(" " + key + "=") && !line.contains("[weights]"))
        .mapToDouble(
            line -> Double.parseDouble(line.replaceAll(".* " + key + "=([0-9.]+).*", "$1")))
        .sum();
  }

  private static void assertMetricsAndLines(TestRun run) throws IOException {
    List<JsonNode> steps = run.metrics("step");
    assertThat(steps).hasSize(6);
    assertThat(steps.getFirst().propertyNames())
        .contains("step", "reward", "trainable_share", "turns", "max_off_policy", "error_pct")
        .contains(
            "cancelled_pct", "trunc_pct", "staleness_mean", "staleness_max", "dur_ms", "tokens");
    assertThat(steps).anyMatch(s -> s.at("/role_time/generating_ms").asDouble() > 0);
    assertThat(steps).anyMatch(s -> s.at("/rollouts_in/generating").asDouble() > 0);
    for (JsonNode step : steps) {
      assertThat(states(step.get("role_time"))).isCloseTo(1, within(1e-9));
      assertThat(step.get("servers").valueStream().map(OrchestratorTest::states))
          .allSatisfy(sum -> assertThat(sum).isCloseTo(1, within(1e-9)));
    }
    List<JsonNode> updates = run.metrics("update");
    assertThat(updates).hasSizeGreaterThanOrEqualTo(2);
    assertThat(updates.getFirst().propertyNames())
        .contains("trace", "server", "queue_ms", "rpc_ms", "wall_ms", "connect_ms", "phases");
    assertThat(run.metrics("eval")).extracting(e -> e.path("step").asInt()).containsExactly(0, 6);
    assertThat(run.lines.stream().filter(l -> l.startsWith("[gen] batch.start"))).hasSize(6);
    assertThat(run.lines.stream().filter(l -> l.startsWith("[gen] batch.done completions=8")))
        .hasSize(6);
    assertThat(run.lines.stream().filter(l -> l.startsWith("[rollout] "))).hasSize(6);
    long served = updates.stream().map(u -> u.path("step").asInt()).distinct().count();
    assertThat(run.lines.stream().filter(l -> l.startsWith("[ckpt] wait.start")))
        .hasSize((int) served);
    assertThat(run.lines.stream().filter(l -> l.startsWith("[ckpt] wait.done")))
        .hasSize((int) served);
    for (JsonNode update : updates) {
      String tag = "[weights][%s] client.".formatted(update.path("trace").asString());
      assertThat(run.lines.stream().filter(l -> l.startsWith(tag)))
          .as("to prepare and to commit")
          .hasSize(4);
    }
    assertThat(run.progress)
        .extracting(Progress::stage)
        .startsWith(Progress.Stage.EVALUATING_START)
        .endsWith(Progress.Stage.ENDED);
  }

  @Test
  void theStalenessBoundHoldsWhenTheTrainerIsSlow() throws Exception {
    Semaphore permits = new Semaphore(0);
    int asyncLevel = 2;
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run =
            new TestRun(dir, TestConfig.of(asyncLevel, 6, server), tokenizer, environment);
        TestTrainer trainer = run.trainer(6, batch -> permits.acquire())) {
      run.start();
      for (int step = 1; step <= 6; step++) {
        long ahead = Math.min(6, step + asyncLevel);
        TestRun.await("batch " + ahead, () -> batchesDone(run) == ahead);
        TestRun.await("an idle server", () -> server.streaming.get() == 0);
        assertThat(batchesDone(run)).isEqualTo(ahead);
        permits.release();
      }
      OrchestratorReport report = run.report();

      assertThat(report.stalenessMax()).isEqualTo(asyncLevel);
      for (TrainingBatch batch : trainer.batches) {
        for (Rollout rollout : batch.rollouts()) {
          assertThat(batch.step() - 1 - rollout.dispatchVersion()).isBetween(0L, (long) asyncLevel);
        }
      }
      for (String line : run.lines) {
        var matcher = STALENESS.matcher(line);
        if (matcher.find()) {
          assertThat(Integer.parseInt(matcher.group(1))).isLessThanOrEqualTo(asyncLevel);
        }
      }
      assertEveryGroupIsCountedOnce(report.groups());
    }
  }

  private static long batchesDone(TestRun run) {
    return run.lines.stream().filter(line -> line.startsWith("[gen] batch.done")).count();
  }

  @Test
  void theNextBatchIsGeneratedWhileTheTrainerTrainsThePreviousOne() throws Exception {
    CountDownLatch trains = new CountDownLatch(1);
    CountDownLatch nextIsThere = new CountDownLatch(1);
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 3, server), tokenizer, environment);
        TestTrainer trainer =
            run.trainer(
                3,
                batch -> {
                  if (batch.step() == 1) {
                    trains.countDown();
                    assertThat(nextIsThere.await(30, TimeUnit.SECONDS)).isTrue();
                  }
                })) {
      run.start();
      assertThat(trains.await(30, TimeUnit.SECONDS)).isTrue();
      run.batches.await(2, Duration.ofSeconds(30));
      assertThat(trainer.batches).hasSize(1);
      assertThat(run.weights.latest()).isEmpty();
      nextIsThere.countDown();

      assertThat(run.report().finished()).isTrue();
    }
  }

  @Test
  void aGroupThatHangsIsDroppedAsStaleAndNeverTrainedOn() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    Set<String> held = ConcurrentHashMap.newKeySet();
    String first = environment.problem(Split.TRAIN, 0).text();
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 5, server), tokenizer, environment);
        TestTrainer trainer = run.trainer(5, batch -> {})) {
      server.gate =
          prompt -> {
            if (text(prompt).equals(first) && held.size() < 4) {
              held.add("one of the first group's: " + held.size());
              never.await();
            }
            return TestServer.Fate.WELL;
          };
      run.start();
      OrchestratorReport report = run.report();

      assertThat(report.finished()).isTrue();
      assertThat(report.groups().stale()).isPositive();
      assertThat(trainer.batches.stream().flatMap(b -> b.rollouts().stream()))
          .noneMatch(rollout -> rollout.groupId().equals("g0"));
      assertEveryGroupIsCountedOnce(report.groups());
      never.countDown();
    }
  }

  private String text(int[] prompt) {
    return tokenizer.decode(prompt, true);
  }

  @Test
  void noHeldOutStringIsEverTrainedOn() throws Exception {
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, TestConfig.of(1, 20, server), tokenizer, environment);
        TestTrainer trainer = run.trainer(20, batch -> {})) {
      run.start();
      run.report();

      Set<String> trained =
          trainer.batches.stream()
              .flatMap(batch -> batch.rollouts().stream())
              .map(Rollout::problem)
              .collect(Collectors.toSet());
      Set<String> evaluated = new HashSet<>();
      for (int i = 0; i < 8; i++) {
        evaluated.add(environment.problem(Split.HELD_OUT, i).text());
      }
      assertThat(server.prompts.stream().map(this::text).collect(Collectors.toSet()))
          .containsAll(evaluated);
      assertThat(trained).hasSizeGreaterThan(30).doesNotContainAnyElementsOf(evaluated);
    }
  }

  @Test
  void aTurnContinuesExactlyTheTokensBeforeIt() throws Exception {
    try (TestServer server =
            new TestServer((prompt, seed, version) -> new int[] {50 + prompt.length, 9});
        TestRun run =
            new TestRun(
                dir, TestConfig.of(0, 2, server), new NumbersFormat(), NumberTurns.three());
        TestTrainer trainer = run.trainer(2, batch -> {})) {
      run.start();
      run.report();

      for (Rollout rollout : trainer.batches.getFirst().rollouts()) {
        Trajectory t = rollout.trajectory();
        int problem = t.tokenIds()[1];
        assertThat(t.tokenIds()).containsExactly(1, problem, 52, 9, 7, 1, 56, 9, 7, 2, 60, 9);
        assertThat(generated(t)).isEqualTo("..GG..GG..GG");
        assertThat(rollout.turns()).isEqualTo(3);
        assertThat(rollout.reward()).isEqualTo(3);
        assertThat(t.policyVersions()).containsExactly(-1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0);
        int[] third = Arrays.copyOf(t.tokenIds(), 10);
        assertThat(server.prompts).anyMatch(prompt -> Arrays.equals(prompt, third));
      }
    }
  }

  private static String generated(Trajectory trajectory) {
    StringBuilder flags = new StringBuilder();
    for (boolean g : trajectory.generated()) {
      flags.append(g ? 'G' : '.');
    }
    return flags.toString();
  }

  @Test
  void aRunningEvaluationDoesNotDelayAnUpdate() throws Exception {
    CountDownLatch evaluating = new CountDownLatch(1);
    Set<String> heldOut = new HashSet<>();
    for (int i = 0; i < 8; i++) {
      heldOut.add(environment.problem(Split.HELD_OUT, i).text());
    }
    try (TestServer server = new TestServer(TestRun::reverser);
        TestRun run = new TestRun(dir, evaluatingEverySecond(server), tokenizer, environment);
        TestTrainer trainer =
            run.trainer(
                6,
                batch -> {
                  if (batch.step() == 3) {
                    evaluating.await();
                  }
                })) {
      server.gate =
          prompt -> {
            if (heldOut.contains(text(prompt)) && server.version == 2) {
              evaluating.countDown();
              TestRun.await(
                  "an update beyond version 2",
                  () -> run.progress.stream().anyMatch(p -> p.policyVersion() > 2));
            }
            return TestServer.Fate.WELL;
          };
      run.start();
      assertThat(run.report().finished()).isTrue();
      assertThat(trainer.batches).hasSize(6);
      assertThat(run.metrics("eval"))
          .anyMatch(e -> e.path("step").asInt() == 2 && e.path("newest_step").asInt() > 2);
    }
  }

  @Test
  void anEvaluationBesideTrainingHasAFourthOfThePlacesOfRollouts() throws Exception {
    int problems = 64;
    Set<String> heldOut = new HashSet<>();
    for (int i = 0; i < problems; i++) {
      heldOut.add(environment.problem(Split.HELD_OUT, i).text());
    }
    CountDownLatch begun = new CountDownLatch(1);
    AtomicInteger evaluating = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (TestServer server = new TestServer(TestRun::reverser)) {
      TestConfig config = evaluatingEverySecond(server);
      config.evalProblems = problems;
      try (TestRun run = new TestRun(dir, config, tokenizer, environment);
          TestTrainer trainer =
              run.trainer(
                  6,
                  batch -> {
                    if (batch.step() == 3) {
                      begun.await();
                    }
                  })) {
        server.gate =
            prompt -> {
              boolean beside = heldOut.contains(text(prompt)) && server.version == 2;
              if (beside) {
                begun.countDown();
                most.accumulateAndGet(evaluating.incrementAndGet(), Math::max);
                TestRun.await("another update", () -> server.version > 2);
                evaluating.decrementAndGet();
              }
              return TestServer.Fate.WELL;
            };
        run.start();

        assertThat(run.report().finished()).isTrue();
        assertThat(trainer.batches).hasSize(6);
        assertThat(most).hasValueBetween(1, config.maxInflightGroups * config.groupSize / 4);
      }
    }
  }

  private static TestConfig evaluatingEverySecond(TestServer server) {
    TestConfig config = new TestConfig(server);
    config.steps = 6;
    config.evalEvery = 2;
    return config;
  }

  private static void assertEveryGroupIsCountedOnce(GroupCounts c) {
    assertThat(c.packed() + c.filtered() + c.stale() + c.failed() + c.stopped())
        .isEqualTo(c.dispatched());
    assertThat(c.inFlight() + c.ready()).isZero();
  }

  /** The sum of a role's states as a share of its wall time. */
  private static double states(JsonNode time) {
    return time.propertyStream()
            .filter(state -> !state.getKey().equals("wall_ms"))
            .mapToDouble(state -> state.getValue().asDouble())
            .sum()
        / time.get("wall_ms").asDouble();
  }
}
