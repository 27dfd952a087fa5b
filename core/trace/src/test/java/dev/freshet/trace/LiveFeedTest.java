package dev.freshet.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LiveFeedTest {
  private final LiveFeed feed = new LiveFeed();

  /** Names and data of the events after a number. */
  private List<String> after(long number) {
    List<String> found = new ArrayList<>();
    for (Optional<LiveFeed.Event> next = feed.after(number);
        next.isPresent();
        next = feed.after(next.get().number())) {
      String[] lines = new String(next.get().frame(), StandardCharsets.UTF_8).split("\n");
      found.add(
          lines[1].substring("event: ".length()) + " " + lines[2].substring("data: ".length()));
    }
    return found;
  }

  @Test
  void allLinesAndTheNewestOfEachStateAreSent() {
    feed.state("hello", "1");
    feed.state("verdict", "\"good\"");
    feed.lines(List.of("{}"));
    feed.state("verdict", "\"bad\"");

    assertThat(after(0)).containsExactly("hello 1", "lines [{}]", "verdict \"bad\"");
    assertThat(after(3)).containsExactly("verdict \"bad\"");
  }

  @Test
  void manyLinesAreSentInEventsOfABoundedSize() {
    feed.lines(Collections.nCopies(100, "{\"a\":\"" + "x".repeat(1000) + "\"}"));

    List<String> events = after(0);

    assertThat(events).hasSizeBetween(5, 10);
    assertThat(events).allSatisfy(event -> assertThat(event.length()).isLessThan(20_000));
    assertThat(String.join("", events).split("\"a\"", -1)).hasSize(101);
  }

  @Test
  void theNewestLinesAndAllStatesAreKept() {
    feed.state("hello", "{}");
    String line = "\"" + "x".repeat(1 << 20) + "\"";
    for (int i = 0; i < 40; i++) {
      feed.lines(List.of(line));
    }

    List<String> events = after(0);

    assertThat(events.getFirst()).isEqualTo("hello {}");
    assertThat(events).hasSizeBetween(30, 33);
  }

  @Test
  void anIdOfThisFeedGivesItsNumberAndAnyOtherGivesZero() {
    feed.lines(List.of("{}"));
    feed.lines(List.of("{}"));

    assertThat(feed.number(feed.epoch() + "-1")).isEqualTo(1);
    for (String other : List.of("", "x", feed.epoch(), feed.epoch() + "-", feed.epoch() + "-x")) {
      assertThat(feed.number(other)).as(other).isZero();
    }
    assertThat(feed.number(new LiveFeed().epoch() + "-1")).isZero();
  }

  @Test
  void aWatcherIsWokenUntilItIsRemoved() {
    List<Integer> woken = new ArrayList<>();
    Runnable wake = () -> woken.add(1);
    feed.watch(wake);
    feed.lines(List.of("{}"));
    feed.state("a", "{}");
    feed.forget(wake);
    feed.lines(List.of("{}"));

    assertThat(woken).hasSize(2);
    assertThat(feed.watched()).isFalse();
  }
}
