package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.greedy;
import static dev.freshet.engine.Fixture.value;
import static dev.freshet.engine.PeftAdapters.load;
import static dev.freshet.engine.PeftAdapters.unload;
import static dev.freshet.engine.PeftAdapters.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.freshet.metrics.MetricsRegistry;
import dev.freshet.wire.PauseMode;
import dev.freshet.wire.UpdateMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Adapters that requests choose by name, against what PEFT computes with them. */
@Timeout(120)
class ChosenAdapterTest {
  private static final String COMPUTED = "freshet_prompt_tokens_total";
  private static final String LOADED = "freshet_adapters_loaded";

  @TempDir Path dir;

  private final MetricsRegistry registry = new MetricsRegistry();

  private static List<Integer> continuation(Engine engine, String adapter, int[] prompt)
      throws InterruptedException {
    return Collected.of(engine, with(adapter, greedy(prompt, 24))).all();
  }

  @ParameterizedTest
  @CsvSource({
    "llama, tiny-llama",
    "llama-rslora, tiny-llama",
    "phi3, tiny-phi3-window",
    "qwen2, tiny-qwen2",
    "qwen2-head, tiny-qwen2"
  })
  void anAdapterContinuesAsPeftDoesWithIt(String name, String model) throws Exception {
    try (EmbeddedEngine engine = Fixture.engine(LLAMA.resolveSibling(model))) {
      int[] prompt = PeftAdapters.prompt(name);
      List<Integer> base = Fixture.continuation(engine, prompt, 24);

      load(engine, "tuned", PeftAdapters.dir(name));

      assertThat(engine.adapters())
          .containsExactly(new LoadedAdapter("tuned", PeftAdapters.dir(name)));
      assertThat(continuation(engine, "tuned", prompt))
          .isEqualTo(PeftAdapters.greedy(name))
          .isNotEqualTo(base);
      assertThat(Fixture.continuation(engine, prompt, 24)).isEqualTo(base);
    }
  }

  /** Prompts of many lengths, sampled and greedy, in turn for the base model and two adapters. */
  private static List<GenerationRequest> mixed() {
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      int[] prompt = Fixture.prompt(1 + 7 * i % 100, i % 5);
      GenerationRequest request = i % 2 == 0 ? greedy(prompt, 20) : Fixture.seeded(prompt, 20, i);
      requests.add(
          switch (i % 3) {
            case 0 -> request;
            case 1 -> with("one", request);
            default -> with("two", request);
          });
    }
    return requests;
  }

  private static void loadTwo(Engine engine) {
    load(engine, "one", PeftAdapters.dir("llama"));
    load(engine, "two", PeftAdapters.dir("llama-rslora"));
  }

  @Test
  void completionsOfTheBaseModelAndOfTwoAdaptersInOneBatchGiveWhatEachGivesAlone()
      throws Exception {
    List<Collected> alone = new ArrayList<>();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 1, 64)) {
      loadTwo(engine);
      for (GenerationRequest request : mixed()) {
        Collected one = Collected.of(engine, request);
        one.finish();
        alone.add(one);
      }
    }
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 24, 64)) {
      loadTwo(engine);
      List<Collected> together =
          mixed().stream().map(request -> Collected.of(engine, request)).toList();
      for (int i = 0; i < alone.size(); i++) {
        assertThat(together.get(i).all()).as("completion %d", i).isEqualTo(alone.get(i).all());
        assertThat(together.get(i).events().stream().map(TokenEvent::logprob))
            .as("logprobs of completion %d", i)
            .isEqualTo(alone.get(i).events().stream().map(TokenEvent::logprob).toList());
      }
    }
  }

  @Test
  void cachedPrefixesAreSharedWithinAnAdapterAndNeverAcrossAdapters() throws Exception {
    int[] prompt = Fixture.prompt(200, 1);
    try (EmbeddedEngine engine = Fixture.withCache(LLAMA, 16, 0, registry)) {
      loadTwo(engine);
      List<Integer> base = Fixture.continuation(engine, prompt, 24);
      assertThat(value(registry, COMPUTED)).isEqualTo(200);
      List<Integer> one = continuation(engine, "one", prompt);
      assertThat(value(registry, COMPUTED)).isEqualTo(400);
      List<Integer> two = continuation(engine, "two", prompt);
      assertThat(value(registry, COMPUTED)).isEqualTo(600);
      assertThat(List.of(base, one, two)).doesNotHaveDuplicates();

      assertThat(continuation(engine, "one", prompt)).isEqualTo(one);
      assertThat(value(registry, COMPUTED)).isBetween(601.0, 600.0 + 16);

      // Another adapter of the same name is another adapter.
      unload(engine, "one");
      load(engine, "one", PeftAdapters.dir("llama-rslora"));
      assertThat(continuation(engine, "one", prompt)).isEqualTo(two);
      assertThat(value(registry, COMPUTED)).isBetween(801.0, 800.0 + 16);
    }
  }

  /** Runs an action on the engine's thread at the first event of the completion. */
  private static final class AtFirstToken implements Outlet {
    final Collected collected = new Collected();
    private final Runnable action;
    private final AtomicBoolean done = new AtomicBoolean();

    AtFirstToken(Runnable action) {
      this.action = action;
    }

    @Override
    public void deliver(List<TokenEvent> events) {
      collected.deliver(events);
      if (!done.getAndSet(true)) {
        action.run();
      }
    }
  }

  @Test
  void anUnloadedAdapterServesItsCompletionsToTheEndAndNoOthersAndThenLeavesItsRoom()
      throws Exception {
    int[] prompt = PeftAdapters.prompt("llama");
    try (EmbeddedEngine engine = Fixture.withCache(LLAMA, 4, 0, registry)) {
      load(engine, "one", PeftAdapters.dir("llama"));
      load(engine, "two", PeftAdapters.dir("llama-rslora"));
      load(engine, "three", PeftAdapters.dir("llama-rslora"));
      assertThat(value(registry, LOADED)).isEqualTo(3);
      GenerationRequest request = with("one", greedy(prompt, 24));
      Collected second = new Collected();
      AtFirstToken first =
          new AtFirstToken(
              () -> {
                engine.submit(request, second);
                unload(engine, "one");
              });

      engine.submit(request, first);

      assertThat(first.collected.all()).isEqualTo(PeftAdapters.greedy("llama"));
      assertThat(second.all()).isEqualTo(PeftAdapters.greedy("llama"));
      assertThat(engine.adapters()).extracting(LoadedAdapter::name).containsExactly("two", "three");
      assertThatExceptionOfType(EngineException.class)
          .isThrownBy(() -> engine.submit(request, new Collected()))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(EngineException.Kind.NOT_FOUND))
          .withMessage("adapter 'one' cannot be found: expected 'two', 'three'");
      // The engine frees it between two steps after its last completion.
      Fixture.eventually(() -> loads(engine, "four"));
      assertThat(continuation(engine, "four", prompt)).isEqualTo(PeftAdapters.greedy("llama"));
      assertThat(value(registry, LOADED)).isEqualTo(3);
    }
  }

  private static boolean loads(Engine engine, String name) {
    try {
      load(engine, name, PeftAdapters.dir("llama"));
      return true;
    } catch (EngineException e) {
      assertThat(e).hasMessageContaining("2 adapters are loaded and 1 unloaded ones");
      return false;
    }
  }

  @Test
  void aCompletionThatWaitsInAPauseKeepsItsUnloadedAdapter() throws Exception {
    int[] prompt = PeftAdapters.prompt("llama");
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      load(engine, "one", PeftAdapters.dir("llama"));
      engine.pause(PauseMode.KEEP, false).join();
      Collected waiting = Collected.of(engine, with("one", greedy(prompt, 24)));
      unload(engine, "one");

      engine.resume().join();

      assertThat(waiting.all()).isEqualTo(PeftAdapters.greedy("llama"));
    }
  }

  @Test
  void streamsGoOnUnchangedWhileAdaptersAreLoadedAndUnloaded() throws Exception {
    int[] prompt = Fixture.prompt(20, 1);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      load(engine, "kept", PeftAdapters.dir("llama-rslora"));
      List<Integer> base = Fixture.continuation(engine, prompt, 200);
      List<Integer> kept = Collected.of(engine, with("kept", greedy(prompt, 200))).all();
      for (int round = 0; round < 8; round++) {
        Collected ofBase = Collected.of(engine, greedy(prompt, 200));
        Collected ofKept = Collected.of(engine, with("kept", greedy(prompt, 200)));
        load(engine, "other", PeftAdapters.dir("llama"));
        unload(engine, "other");

        assertThat(ofBase.all()).isEqualTo(base);
        assertThat(ofKept.all()).isEqualTo(kept);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(UpdateMode.class)
  void anUpdateOfTheBaseModelKeepsTheAdaptersWhichThenApplyToTheNewOne(UpdateMode mode)
      throws Exception {
    int[] prompt = PeftAdapters.prompt("llama");
    Path other = Fixture.perturbed(dir, 1, LLAMA, 0.05);
    List<Integer> expected;
    try (EmbeddedEngine engine = Fixture.engine(other)) {
      load(engine, "one", PeftAdapters.dir("llama"));
      expected = continuation(engine, "one", prompt);
    }
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      load(engine, "one", PeftAdapters.dir("llama"));
      assertThat(continuation(engine, "one", prompt)).isNotEqualTo(expected);

      engine.update(Fixture.updateTo(other, OptionalLong.empty(), mode), Fixture.DEADLINE);

      assertThat(continuation(engine, "one", prompt)).isEqualTo(expected);
    }
  }

  @Test
  void tokensHaveTheVersionThatTheAdapterStatesAndOtherwiseThatOfTheBaseModel() throws Exception {
    GenerationRequest request = greedy(PeftAdapters.prompt("llama"), 3);
    Path published = PeftAdapters.published(dir.resolve("adapters"), "llama", 9);
    Path base = Fixture.perturbed(dir.resolve("base"), 4, LLAMA, 0.01);
    try (EmbeddedEngine engine = Fixture.engine(LLAMA)) {
      load(engine, "published", published);
      load(engine, "plain", PeftAdapters.dir("llama"));
      Fixture.update(engine, base, OptionalLong.empty());
      for (String name : List.of("published", "plain")) {
        Collected collected = Collected.of(engine, with(name, request));
        collected.finish();
        assertThat(collected.versions()).containsOnly(name.equals("published") ? 9L : 4L);
      }
      assertThat(engine.policyVersion()).isEqualTo(4);
    }
  }
}
