package dev.freshet.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CheckpointStoreTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path run;

  private Path weights;
  private CheckpointStore store;

  @BeforeEach
  void openStore() {
    weights = run.resolve("deep/weights");
    store = new CheckpointStore(weights);
  }

  @Test
  void aPublishedStepIsACompleteDirectoryThatVerifies() throws IOException {
    byte[] config = "{\"model_type\":\"llama\"}".getBytes(StandardCharsets.UTF_8);

    Path dir = store.publish(3, 2, tensors(), Map.of("config.json", config));

    assertThat(dir).isEqualTo(weights.resolve("step_3"));
    assertThat(names(dir))
        .containsExactly("STABLE", "config.json", "manifest.json", "model.safetensors");
    assertThat(dir.resolve("STABLE")).isEmptyFile();
    assertThat(dir.resolve("config.json")).hasBinaryContent(config);
    CheckpointStore.verify(dir);
    try (Checkpoint checkpoint = CheckpointStore.openVerified(dir)) {
      assertThat(checkpoint.tensors()).containsOnlyKeys("a", "b");
    }
    Manifest manifest = Manifest.read(dir.resolve("manifest.json"));
    assertThat(manifest.step()).isEqualTo(3);
    assertThat(manifest.baseVersion()).isEqualTo(2);
    assertThat(manifest.files())
        .isEqualTo(
            Map.of(
                "config.json",
                (long) config.length,
                "model.safetensors",
                Files.size(dir.resolve("model.safetensors"))));
    assertThat(manifest.tensors().keySet()).containsExactlyInAnyOrder("a", "b");
    assertThat(names(weights)).containsExactly(".publish.lock", "step_3");
  }

  @Test
  void onlyStepsWithStableAreListed() throws IOException {
    assertThat(store.latest()).isEmpty();
    store.publish(9, 8, tensors(), Map.of());
    store.publish(10, 9, tensors(), Map.of());
    Files.createDirectories(weights.resolve("step_11"));
    Files.createDirectories(weights.resolve("step_012"));
    Files.createFile(weights.resolve("step_012/STABLE"));
    Files.createFile(weights.resolve("step_13"));

    assertThat(store.steps()).containsExactly(9L, 10L);
    assertThat(store.latest()).hasValue(10);
  }

  @Test
  void aStepIsNotPublishedTwice() {
    store.publish(1, 0, tensors(), Map.of());

    assertThatThrownBy(() -> store.publish(1, 0, tensors(), Map.of()))
        .hasMessage(
            "%s: exists already, expected the name of a new checkpoint", weights.resolve("step_1"));
    CheckpointStore.verify(store.path(1));
  }

  @Test
  void aBaseModelIsPublishedUnderAnyNameWithVersion0() throws IOException {
    Path base = weights.resolve("some [base] model");
    Path leftover =
        Files.createDirectories(weights.resolve(".some [base] model.0123456789abcdef.tmp"));
    Path ofAnother = Files.createDirectories(weights.resolve(".other.0123456789abcdef.tmp"));

    CheckpointStore.publishBase(base, tensors(), Map.of());

    CheckpointStore.verify(base);
    assertThat(Manifest.read(base.resolve("manifest.json")).step()).isZero();
    assertThat(leftover).doesNotExist();
    assertThat(ofAnother).exists();
  }

  @Test
  void aBaseModelThatIsNamedAsAStepHasItsVersion() {
    CheckpointStore.publishBase(store.path(7), tensors(), Map.of());

    CheckpointStore.verify(store.path(7));
    assertThat(store.latest()).hasValue(7);
  }

  @Test
  void aBaseModelReplacesNothing() throws IOException {
    Path file = Files.writeString(Files.createDirectories(weights).resolve("file"), "");
    Path empty = Files.createDirectories(weights.resolve("empty"));
    Path link = Files.createSymbolicLink(weights.resolve("link"), weights.resolve("absent"));
    for (Path target : List.of(file, empty, link, Path.of("/"), Path.of(""))) {
      assertThatThrownBy(() -> CheckpointStore.publishBase(target, tensors(), Map.of()))
          .hasMessageContaining("exists already");
    }
    assertThat(names(weights)).containsExactly("empty", "file", "link");
  }

  @Test
  void theLeftoversOfAKilledPublisherAreRemovedByTheNext() throws IOException {
    Path leftover = Files.createDirectories(weights.resolve(".step_1.00ff.tmp"));
    Files.write(leftover.resolve("model.safetensors"), new byte[100]);

    store.publish(1, 0, tensors(), Map.of());

    assertThat(names(weights)).containsExactly(".publish.lock", "step_1");
  }

  @Test
  void aPublisherInAnotherProcessIsNotDisturbed() throws IOException {
    Files.createDirectories(weights);
    Path theirs = Files.createDirectory(weights.resolve(".step_1.00ff.tmp"));
    try (var channel =
            FileChannel.open(
                weights.resolve(".publish.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        var lock = channel.lock()) {
      assertThat(lock.isValid()).isTrue();
      assertThatThrownBy(() -> store.publish(1, 0, tensors(), Map.of()))
          .hasMessage("%s: another process is publishing here, expected one at a time", weights);
    }
    assertThat(theirs).exists();
  }

  @Test
  void aSideFileCannotLeaveTheDirectoryOrReplaceTheStoresOwn() {
    for (String name : List.of("../x", "a/b", "/x", "STABLE", "manifest.json", "..", "")) {
      assertThatThrownBy(() -> store.publish(1, 0, tensors(), Map.of(name, new byte[1])))
          .as(name)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("expected a plain file name");
    }
    assertThat(weights).doesNotExist();
  }

  @Test
  void theSideFilesOfAModelAreAllFilesExceptItsWeightsAndHiddenOnes() throws IOException {
    for (String name :
        List.of(
            "config.json",
            "tokenizer.json",
            "chat_template.jinja",
            "merges.txt",
            "tokenizer.model",
            "manifest.json",
            "STABLE",
            "._config.json",
            "model.safetensors",
            "model.safetensors.index.json")) {
      Files.writeString(run.resolve(name), name);
    }

    assertThat(CheckpointStore.sideFiles(run))
        .containsOnlyKeys(
            "config.json", "tokenizer.json", "chat_template.jinja", "merges.txt", "tokenizer.model")
        .containsEntry("config.json", "config.json".getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void awaitingAnExistingStepReturnsAtOnce() throws InterruptedException {
    Path dir = store.publish(4, 3, tensors(), Map.of());

    assertThat(store.await(4, Duration.ZERO)).isEqualTo(dir);
    assertThat(store.awaitNewerThan(2, Duration.ZERO)).isEqualTo(4);
  }

  @Test
  void aStepIsAwaitedEvenIfItsDirectoryDoesNotExistYet() throws Exception {
    Path awaited = during(() -> store.await(1, LONG), () -> publish(1));

    assertThat(awaited).isEqualTo(weights.resolve("step_1"));
    CheckpointStore.verify(awaited);
  }

  @Test
  void theNewestStepAboveAGivenOneIsAwaited() throws Exception {
    publish(1);

    assertThat(during(() -> store.awaitNewerThan(1, LONG), () -> publish(2))).isEqualTo(2L);
    publish(3);
    assertThat(store.awaitNewerThan(1, LONG)).isEqualTo(3);
  }

  @Test
  void aStepThatGetsItsStableLaterIsAwaited() throws Exception {
    Path theirs = Files.createDirectories(weights.resolve("step_5"));

    assertThat(
            during(
                () -> store.awaitNewerThan(0, LONG),
                () -> Files.createFile(theirs.resolve("STABLE"))))
        .isEqualTo(5L);
  }

  @Test
  void anAwaitEndsAtItsDeadlineAndNamesTheNewestStep() throws IOException {
    Duration deadline = Duration.ofMillis(20);
    assertThatThrownBy(() -> store.await(7, deadline))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "%s: did not appear with STABLE within 20 ms: the directory %s does not exist",
            weights.resolve("step_7"), weights);
    Files.createDirectories(weights.resolve("step_7"));
    assertThatThrownBy(() -> store.await(7, deadline))
        .hasMessageEndingWith("no step has a STABLE file");
    publish(6);
    assertThatThrownBy(() -> store.awaitNewerThan(6, deadline))
        .hasMessageContaining("a step above 6")
        .hasMessageEndingWith("the newest step with STABLE is 6");
  }

  @Test
  void retainKeepsTheNewestStepsAndTheGivenOnes() throws IOException {
    for (int step = 1; step <= 6; step++) {
      publish(step);
    }
    Path writing = Files.createDirectory(weights.resolve("step_0"));

    try (Checkpoint mapped = Checkpoint.open(store.path(1))) {
      store.retain(2, Set.of(3L));
      assertThatCode(mapped::verifyContents).doesNotThrowAnyException();
    }

    assertThat(names(weights))
        .containsExactly(".publish.lock", "step_0", "step_3", "step_5", "step_6");
    assertThat(writing).exists();
    assertThatThrownBy(() -> store.retain(0, Set.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("lastK 0: expected 1 or more");
  }

  /** The result of {@code wait} if {@code act} happens while it is waiting. */
  private static <T> T during(Callable<T> wait, Callable<?> act) throws Exception {
    CompletableFuture<Thread> waiting = new CompletableFuture<>();
    try (ExecutorService waiter = Executors.newSingleThreadExecutor()) {
      Future<T> result =
          waiter.submit(
              () -> {
                waiting.complete(Thread.currentThread());
                return wait.call();
              });
      Thread thread = waiting.get(30, TimeUnit.SECONDS);
      while (thread.getState() != Thread.State.TIMED_WAITING) { // Until the class's timeout.
        assertThat(result).isNotDone();
        Thread.onSpinWait();
      }
      act.call();
      return result.get(30, TimeUnit.SECONDS);
    }
  }

  private Path publish(long step) {
    return store.publish(step, step - 1, tensors(), Map.of());
  }

  private static List<TensorView> tensors() {
    return List.of(
        RawFiles.tensor("a", DType.F32, RawFiles.floats(1, 2, 3, 4), 2, 2),
        RawFiles.tensor("b", DType.BF16, RawFiles.shorts(0x3f80, 0x4000), 2));
  }

  private static List<String> names(Path dir) throws IOException {
    try (Stream<Path> children = Files.list(dir)) {
      return children.map(p -> String.valueOf(p.getFileName())).sorted().toList();
    }
  }
}
