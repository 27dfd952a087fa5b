package dev.freshet.engine;

import static dev.freshet.engine.Fixture.LLAMA;
import static dev.freshet.engine.Fixture.greedy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.freshet.wire.PauseMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a real engine divides its steps between completions that run and those that arrive. */
@Timeout(120)
class FairStepsTest {
  private static final int[] PROMPT = {320, 363, 364};
  private static final int STREAMS = 4;

  @Test
  void requestsOfOneTokenThatKeepArrivingDoNotStarveStreams() throws Exception {
    StepTimeline timeline = new StepTimeline();
    AtomicInteger answered = new AtomicInteger();
    int before;
    try (EmbeddedEngine engine = Fixture.engine(LLAMA, 20, 64)) {
      List<Looping> clients = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        clients.add(new Looping(engine, timeline, answered));
      }
      clients.forEach(Looping::start);
      Fixture.eventually(() -> answered.get() >= 16);
      before = answered.get();
      List<Engine.Generation> streams = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        streams.add(engine.submit(greedy(PROMPT, 250), timeline));
      }

      for (Engine.Generation stream : streams) {
        assertThat(timeline.finish(stream)).isEqualTo(FinishReason.LENGTH);
      }
      clients.forEach(Looping::stop);
    }

    assertThat(answered.get() - before).as("requests of one token").isGreaterThan(250);
    int sinceStreamed = 0;
    for (TokenEvent event : whileStreamsRan(timeline.events())) {
      sinceStreamed = event.finish().isPresent() ? sinceStreamed + 1 : 0;
      assertThat(sinceStreamed).as("answers between two tokens of streams").isLessThanOrEqualTo(20);
    }
  }

  /** From the first token of a stream to the last; the streams end after many tokens. */
  private static List<TokenEvent> whileStreamsRan(List<TokenEvent> events) {
    int first = events.size();
    int last = 0;
    for (int i = 0; i < events.size(); i++) {
      if (events.get(i).finish().isEmpty()) {
        first = Math.min(first, i);
        last = i;
      }
    }
    return events.subList(first, last);
  }

  /** A client that asks for one token again as soon as it has one: there is always one waiting. */
  private static final class Looping implements Outlet {
    private final Engine engine;
    private final StepTimeline timeline;
    private final AtomicInteger answered;
    private volatile boolean stopped;

    Looping(Engine engine, StepTimeline timeline, AtomicInteger answered) {
      this.engine = engine;
      this.timeline = timeline;
      this.answered = answered;
    }

    void start() {
      engine.submit(greedy(PROMPT, 1), this);
    }

    void stop() {
      stopped = true;
    }

    @Override
    public void deliver(List<TokenEvent> events) {
      timeline.deliver(events);
      answered.incrementAndGet();
      if (!stopped) {
        start();
      }
    }
  }

  @Test
  void requestsAreAdmittedInTheOrderOfTheirArrival() throws Exception {
    StepTimeline timeline = new StepTimeline();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 2, 8)) {
      engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
      List<Engine.Generation> all = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        all.add(engine.submit(greedy(Fixture.prompt(1 + i * 5 % 7, i), 2), timeline));
      }
      engine.resume().get(60, TimeUnit.SECONDS);
      for (Engine.Generation one : all) {
        timeline.finish(one);
      }

      Set<Engine.Generation> seen = ConcurrentHashMap.newKeySet();
      List<Engine.Generation> firstTokens =
          timeline.events().stream().map(TokenEvent::generation).filter(seen::add).toList();
      assertThat(firstTokens).isEqualTo(all);
    }
  }

  @Test
  void shortPromptsDoNotWaitForAllOfALongOneNorItForAllOfThem() throws Exception {
    StepTimeline timeline = new StepTimeline();
    try (EmbeddedEngine engine = Fixture.inParts(LLAMA, 4, 8)) {
      engine.pause(PauseMode.KEEP, false).get(60, TimeUnit.SECONDS);
      Engine.Generation stream = engine.submit(greedy(PROMPT, 250), timeline);
      Engine.Generation longest = engine.submit(greedy(Fixture.prompt(200, 1), 2), timeline);
      List<Engine.Generation> shorts = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        shorts.add(engine.submit(greedy(Fixture.prompt(5, i), 1), timeline));
      }
      engine.resume().get(60, TimeUnit.SECONDS);
      for (Engine.Generation one : shorts) {
        timeline.finish(one);
      }
      timeline.finish(longest);

      // A step has one token of the stream, 4 of the long prompt and 3 of short ones.
      assertThat(shorts.stream().filter(one -> !timeline.before(one, longest).isEmpty()).count())
          .as("short prompts before the long one's first token")
          .isBetween(28L, 32L);
      assertThat(timeline.before(stream, longest).size())
          .as("tokens of the stream before the long prompt's first token")
          .isBetween(48, 52);
    }
  }
}
