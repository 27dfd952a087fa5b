package dev.freshet.rollouts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class BatchStoreTest {
  @TempDir Path run;

  private Path dir;
  private BatchStore store;

  @BeforeEach
  void openStore() {
    dir = run.resolve("deep/rollouts");
    store = new BatchStore(dir);
  }

  @Test
  void aBatchIsReadBackAsWritten() throws IOException {
    TrainingBatch batch = batch(12, 40);

    store.write(batch);

    assertThat(store.read(12)).isEqualTo(batch);
    assertThat(Files.readAllLines(dir.resolve("step_12.jsonl"))).hasSize(40);
  }

  @Test
  void aLineIsARolloutAsJson() throws IOException {
    store.write(new TrainingBatch(3, List.of(rollout("r\n\"é", "g"))));

    assertThat(dir.resolve("step_3.jsonl"))
        .content()
        .isEqualTo(
            """
            {"step":3,"index":0,"of":1,"id":"r\\n\\"é","group_id":"g","environment":"reverse-text",\
            "problem":"p","reward":0.5,"advantage":-0.25,"finish_reason":"stop","turns":1,\
            "dispatch_version":2,"temperature":1.0,"token_ids":[7,8,9],"generated":[false,true,true],\
            "logprobs":[0.0,-0.1,-2.5E-8],"policy_versions":[-1,2,3]}
            """);
  }

  @Test
  void synthesisedVersionsAreMarkedAndReadBackAndALineWithoutMarksHasNone() throws IOException {
    Rollout plain = rollout("r", "g");
    Trajectory synthesised =
        new Trajectory.Builder()
            .observe(new int[] {7})
            .generate(new int[] {8, 9}, new float[] {-1, -2}, new int[] {2, 3}, true)
            .build();
    Rollout marked =
        new Rollout(
            "s",
            "g",
            "reverse-text",
            "p",
            synthesised,
            0.5,
            0,
            "stop",
            1,
            2,
            SamplingDistribution.atTemperature(1));
    TrainingBatch batch = new TrainingBatch(3, List.of(plain, marked));

    store.write(batch);

    List<String> lines = Files.readAllLines(dir.resolve("step_3.jsonl"));
    assertThat(lines.get(0)).doesNotContain("synthesised");
    assertThat(lines.get(1)).contains("\"synthesised\":[false,true,true]");
    assertThat(store.read(3)).isEqualTo(batch);
  }

  @Test
  void theDistributionThatWasSampledIsReadBackAndALineWithoutOneIsOfTemperature1()
      throws IOException {
    Rollout plain = rollout("r", "g");
    Rollout cooler = sampled(plain, SamplingDistribution.atTemperature(0.7));
    Rollout truncated = sampled(plain, new SamplingDistribution(1.5, 0.9, 40, 0.05));
    TrainingBatch batch = new TrainingBatch(3, List.of(plain, cooler, truncated));

    store.write(batch);

    assertThat(store.read(3)).isEqualTo(batch);
    List<String> lines = Files.readAllLines(dir.resolve("step_3.jsonl"));
    assertThat(lines.get(1)).contains("\"temperature\":0.7,\"token_ids\"");
    assertThat(lines.get(2))
        .contains("\"temperature\":1.5,\"top_p\":0.9,\"top_k\":40,\"min_p\":0.05,");
    Files.write(
        dir.resolve("step_3.jsonl"),
        lines.stream().map(line -> line.replace("\"temperature\":1.0,", "")).toList());
    assertThat(store.read(3)).isEqualTo(batch);
  }

  @Test
  void aDistributionThatCannotBeSampledFromMakesARolloutUnusable() throws IOException {
    for (String field :
        List.of(
            "\"temperature\":0",
            "\"temperature\":NaN",
            "\"top_p\":0",
            "\"top_k\":-1",
            "\"min_p\":2")) {
      store.write(new TrainingBatch(3, List.of(rollout("r", "g"))));
      Path file = dir.resolve("step_3.jsonl");
      Files.writeString(file, Files.readString(file).replace("\"temperature\":1.0", field));

      assertThat(store.read(3).unusable())
          .as(field)
          .singleElement()
          .satisfies(
              one -> {
                assertThat(one.reason()).isEqualTo(UnusableRollout.Reason.SAMPLING);
                assertThat(one.message())
                    .contains("step_3.jsonl: line 1: sampled with temperature");
              });
    }
  }

  private static Rollout sampled(Rollout rollout, SamplingDistribution sampling) {
    return new Rollout(
        rollout.id(),
        rollout.groupId(),
        rollout.environment(),
        rollout.problem(),
        rollout.trajectory(),
        rollout.reward(),
        rollout.advantage(),
        rollout.finishReason(),
        rollout.turns(),
        rollout.dispatchVersion(),
        sampling);
  }

  @Test
  void aBatchOfTheSameStepIsReplacedAndLeftoversAreRemoved() throws IOException {
    store.write(batch(1, 2));
    Files.writeString(dir.resolve(".step_0.jsonl.tmp"), "{");
    Files.writeString(dir.resolve(".step_1.jsonl.tmp"), "{");

    store.write(batch(1, 3));

    assertThat(store.read(1).rollouts()).hasSize(3);
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files).containsExactly(dir.resolve("step_1.jsonl"));
    }
  }

  @Test
  void aBatchIsAwaitedEvenIfItsDirectoryDoesNotExistYet() throws Exception {
    TrainingBatch batch = batch(5, 3);
    try (ExecutorService waiter = Executors.newSingleThreadExecutor()) {
      CountDownLatch begun = new CountDownLatch(1);
      Future<TrainingBatch> awaited =
          waiter.submit(
              () -> {
                begun.countDown();
                return store.await(5, Duration.ofSeconds(30));
              });
      assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
      store.write(batch);
      assertThat(awaited.get(30, TimeUnit.SECONDS)).isEqualTo(batch);
    }
  }

  @Test
  void anAwaitEndsAtItsDeadline() throws IOException {
    assertThatThrownBy(() -> store.await(5, Duration.ofMillis(20)))
        .isInstanceOf(BatchException.class)
        .hasMessage(
            "%s: did not appear within 20 ms: its directory does not exist",
            dir.resolve("step_5.jsonl"));
    Files.createDirectories(dir);
    assertThatThrownBy(() -> store.await(5, Duration.ofMillis(20)))
        .hasMessageEndingWith("did not appear within 20 ms");
  }

  @Test
  void aMissingAnEmptyAndAnUnreadableBatchAreRefused() throws IOException {
    Path file = dir.resolve("step_1.jsonl");
    assertThatThrownBy(() -> store.read(1)).hasMessage("%s: not found, expected a batch", file);
    Files.createDirectories(dir);
    Files.createFile(file);
    assertThatThrownBy(() -> store.read(1))
        .hasMessage("%s: empty, expected one rollout a line", file);
    Files.write(file, new byte[] {'{', (byte) 0xff, '}', '\n'});
    assertThatThrownBy(() -> store.read(1))
        .hasMessage("%s: line 1: not UTF-8, expected a line of JSON", file);
    Files.delete(file);
    Files.createDirectory(file);
    assertThatThrownBy(() -> store.read(1))
        .hasMessage("%s: not a regular file, expected a batch", file);
  }

  @Test
  void aBatchThatCannotBeWrittenLeavesTheOldOneInPlace() throws IOException {
    store.write(batch(1, 2));
    Files.createDirectory(dir.resolve(".step_1.jsonl.tmp"));
    Files.createFile(dir.resolve(".step_1.jsonl.tmp/occupied"));

    assertThatThrownBy(() -> store.write(batch(1, 3)))
        .isInstanceOf(BatchException.class)
        .hasMessageStartingWith(dir.resolve("step_1.jsonl") + ": cannot be written: ");
    assertThat(store.read(1)).isEqualTo(batch(1, 2));
  }

  @Test
  void aFileTruncatedAnywhereIsRefused() throws IOException {
    store.write(batch(1, 3));
    Path file = dir.resolve("step_1.jsonl");
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length - 1; length += 37) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> store.read(1))
          .as("cut to %d of %d bytes", length, whole.length)
          .isInstanceOf(BatchException.class)
          .hasMessageStartingWith(file.toString());
    }
  }

  @Test
  void missingRepeatedAndForeignLinesAreNamed() throws IOException {
    store.write(batch(1, 3));
    store.write(batch(2, 3));
    Path file = dir.resolve("step_1.jsonl");
    List<String> lines = Files.readAllLines(file);
    List<String> foreign = Files.readAllLines(dir.resolve("step_2.jsonl"));

    Files.write(file, lines.subList(0, 2));
    assertThatThrownBy(() -> store.read(1))
        .hasMessage("%s: 2 rollouts, expected 3: the file was truncated", file);
    Files.write(file, List.of(lines.get(0), lines.get(2)));
    assertThatThrownBy(() -> store.read(1))
        .hasMessage("%s: line 2: rollout 2 of 3 of step 1, expected number 1 of step 1", file);
    Files.write(file, foreign);
    assertThatThrownBy(() -> store.read(1))
        .hasMessageContaining("line 1: rollout 0 of 3 of step 2, expected number 0 of step 1");
    Files.write(file, List.of(lines.get(0), lines.get(1), lines.get(2), lines.get(2)));
    assertThatThrownBy(() -> store.read(1)).hasMessageContaining("line 4: rollout 2 of 3");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'reward':0.5 | 'reward':'high' | field 'reward' holds high, expected a number",
        "'turns':1 | 'turns':1.5 | field 'turns' holds 1.5, expected an integer",
        "'turns':1 | 'turns':99999999999 | not valid JSON",
        "'turns':1 | 'turns':null | field 'turns' holds null, expected an integer",
        "'turns':1, | `` | field 'turns' is missing, expected an integer",
        "'id':'r' | 'id':7 | field 'id' holds 7, expected a string",
        "'token_ids':[7,8,9] | 'token_ids':[7,8,'9'] | field 'token_ids' holds 9, expected an array of integers",
        "'token_ids':[7,8,9] | 'token_ids':{'a':1} | field 'token_ids' holds {, expected an array of integers",
        "'generated':[false,true,true] | 'generated':[0,1,1] | field 'generated' holds 0, expected an array of booleans",
        "'logprobs':[0.0,-0.1 | 'logprobs':[0.0,true | field 'logprobs' holds true, expected an array of numbers",
        "'turns':1 | 'turns':1,'turns':1 | not valid JSON",
        "{'step' | ['step' | not a JSON object, expected one rollout",
        "3]} | 3]} {} | more after the JSON object",
      })
  void aBrokenLineIsNamedWithItsFieldInOneLine(String from, String to, String expected)
      throws IOException {
    store.write(new TrainingBatch(1, List.of(rollout("q", "g"), rollout("r", "g"))));
    Path file = dir.resolve("step_1.jsonl");
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    String changed = lines.get(1).replace(from.replace('\'', '"'), to.replace('\'', '"'));
    assertThat(changed).isNotEqualTo(lines.set(1, changed));
    Files.write(file, lines);

    assertThatThrownBy(() -> store.read(1))
        .isInstanceOf(BatchException.class)
        .hasMessageStartingWith(file + ": line 2: ")
        .hasMessageContaining(expected)
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'token_ids':[7,8,9] | 'token_ids':[7,8] | LENGTHS | trajectory of 2 tokens: 3 generated flags",
        "'token_ids':[7,8,9] | 'token_ids':[7,8,-9] | TOKEN_ID | token 2 (id -9, generated)",
        "'logprobs':[0.0,-0.1 | 'logprobs':[0.0,-1e99 | LOGPROB | token 1 (id 8, generated): logprob -Infinity",
        "'policy_versions':[-1,2,3] | 'policy_versions':[-1,2,-1] | POLICY_VERSION | policy version -1, expected a finite one and 0 or above",
        "'dispatch_version':2 | 'dispatch_version':-2 | COUNT | dispatch version -2, expected 0 or above",
        "'logprobs':[0.0,-0.1 | 'logprobs':[0.0,NaN | LOGPROB | token 1 (id 8, generated): logprob NaN",
        "'logprobs':[0.0,-0.1 | 'logprobs':[0.0,-Infinity | LOGPROB | token 1 (id 8, generated): logprob -Infinity",
        "'logprobs':[0.0,-0.1 | 'logprobs':[NaN,-0.1 | LOGPROB | token 0 (id 7, not generated): logprob NaN",
        "'token_ids':[7,8,9] | 'token_ids':[7,8,-99999999999] | TOKEN_ID | token 2 (id -2147483648",
        "'policy_versions':[-1,2,3] | 'policy_versions':[-1,2,-99999999999] | POLICY_VERSION | policy version -2147483648",
        "'advantage':-0.25 | 'advantage':Infinity | ADVANTAGE | advantage Infinity, expected finite",
        "'reward':0.5 | 'reward':NaN | ADVANTAGE | reward NaN",
      })
  void aRolloutWithImpossibleValuesIsUnusableAndTheOthersAreRead(
      String from, String to, UnusableRollout.Reason reason, String message) throws IOException {
    store.write(
        new TrainingBatch(1, List.of(rollout("q", "g"), rollout("r", "g"), rollout("s", "g"))));
    Path file = dir.resolve("step_1.jsonl");
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    String changed = lines.get(1).replace(from.replace('\'', '"'), to.replace('\'', '"'));
    assertThat(changed).isNotEqualTo(lines.set(1, changed));
    Files.write(file, lines);

    TrainingBatch batch = store.read(1);

    assertThat(batch.rollouts()).containsExactly(rollout("q", "g"), rollout("s", "g"));
    assertThat(batch.unusable())
        .singleElement()
        .satisfies(
            unusable -> {
              assertThat(unusable.reason()).isEqualTo(reason);
              assertThat(unusable.message())
                  .startsWith(file + ": line 2: ")
                  .contains(message)
                  .doesNotContain("\n");
            });
  }

  @Test
  void aTokenIdBeyondAnIntIsPastAnyVocabulary() throws IOException {
    store.write(new TrainingBatch(1, List.of(rollout("r", "g"))));
    Path file = dir.resolve("step_1.jsonl");
    Files.writeString(file, Files.readString(file).replace("[7,8,9]", "[7,8,99999999999]"));

    assertThat(store.read(1).rollouts().getFirst().trajectory().tokenIds())
        .containsExactly(7, 8, Integer.MAX_VALUE);
  }

  @Test
  void anUnknownFieldIsSkipped() throws IOException {
    store.write(new TrainingBatch(1, List.of(rollout("r", "g"))));
    Path file = dir.resolve("step_1.jsonl");
    Files.writeString(file, Files.readString(file).replaceFirst("\\{", "{\"later\":{\"a\":[1]},"));

    assertThat(store.read(1).rollouts()).containsExactly(rollout("r", "g"));
  }

  private static Rollout rollout(String id, String group) {
    Trajectory trajectory =
        new Trajectory.Builder()
            .observe(new int[] {7})
            .generate(new int[] {8, 9}, new float[] {-0.1f, -2.5e-8f}, new int[] {2, 3})
            .build();
    return new Rollout(
        id,
        group,
        "reverse-text",
        "p",
        trajectory,
        0.5,
        -0.25,
        "stop",
        1,
        2,
        SamplingDistribution.atTemperature(1));
  }

  private static TrainingBatch batch(long step, int size) {
    Random random = new Random(step);
    List<Rollout> rollouts = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      int tokens = 1 + random.nextInt(200);
      float[] logprobs = new float[tokens];
      for (int t = 0; t < tokens; t++) {
        logprobs[t] = (float) Math.log(random.nextDouble());
      }
      Trajectory trajectory =
          new Trajectory.Builder()
              .observe(random.ints(5, 0, 50_000).toArray())
              .generate(
                  random.ints(tokens, 0, 50_000).toArray(),
                  logprobs,
                  random.ints(tokens, 0, 9).toArray())
              .build();
      rollouts.add(
          new Rollout(
              "r" + i,
              "g" + i / 4,
              "reverse-text",
              "p" + i / 4,
              trajectory,
              random.nextDouble(),
              random.nextGaussian(),
              i % 2 == 0 ? "stop" : "length",
              1,
              3,
              SamplingDistribution.atTemperature(1)));
    }
    return new TrainingBatch(step, rollouts);
  }
}
