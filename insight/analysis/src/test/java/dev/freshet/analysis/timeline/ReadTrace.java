package dev.freshet.analysis.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a trace strictly. Checks: valid JSON without repeated keys, every event with what its
 * {@code ph} needs, slices of a track that lie within or beside one another, flows that begin and
 * end once, at slices, and forward in time; every process and track named.
 */
final class ReadTrace {
  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  /** A slice and the one around it; times are nanoseconds. */
  record Slice(JsonNode event, long start, long end, List<String> around) {
    String name() {
      return event.path("name").asString();
    }

    double arg(String name) {
      return event.path("args").path(name).asDouble(Double.NaN);
    }
  }

  final List<JsonNode> events = new ArrayList<>();
  final List<Slice> slices = new ArrayList<>();
  final Map<Integer, String> processes = new HashMap<>();
  final Map<Integer, String> tracks = new HashMap<>();

  ReadTrace(byte[] json) {
    JsonNode root = STRICT.readTree(json);
    assertThat(root.path("displayTimeUnit").asString()).isEqualTo("ms");
    root.path("traceEvents").forEach(events::add);
    events.forEach(this::name);
    Map<Integer, List<JsonNode>> byTrack = new HashMap<>();
    for (JsonNode event : events) {
      check(event);
      if (is(event, "X", "B")) {
        byTrack.computeIfAbsent(event.path("tid").asInt(), _ -> new ArrayList<>()).add(event);
      }
    }
    byTrack.values().forEach(this::nest);
    flows();
  }

  private void name(JsonNode event) {
    String name = event.path("args").path("name").asString("");
    if (event.path("name").asString().equals("process_name")) {
      assertThat(processes.put(event.path("pid").asInt(), name)).as("named twice").isNull();
    } else if (event.path("name").asString().equals("thread_name")) {
      assertThat(tracks.put(event.path("tid").asInt(), name)).as("named twice").isNull();
    }
  }

  private void check(JsonNode event) {
    assertThat(event.path("ph").asString()).isIn("M", "X", "B", "C", "s", "t", "f");
    assertThat(event.path("name").asString()).isNotEmpty();
    assertThat(processes).containsKey(event.path("pid").asInt());
    if (!is(event, "M")) {
      assertThat(nanos(event, "ts")).isNotNegative();
    }
    if (is(event, "X", "B", "s", "t", "f")) {
      assertThat(tracks).containsKey(event.path("tid").asInt());
      assertThat(event.path("cat").asString()).isNotEmpty();
    }
    if (is(event, "X")) {
      assertThat(nanos(event, "dur")).isNotNegative();
    }
    if (is(event, "C")) {
      assertThat(event.path("args").path("value").isNumber()).isTrue();
    }
  }

  /** In the order written, slices of one track begin within or after the one before. */
  private void nest(List<JsonNode> track) {
    Deque<Slice> open = new ArrayDeque<>();
    for (JsonNode event :
        track.stream().sorted(Comparator.comparingLong(e -> nanos(e, "ts"))).toList()) {
      long start = nanos(event, "ts");
      long end = is(event, "B") ? Long.MAX_VALUE : start + nanos(event, "dur");
      while (!open.isEmpty()
          && (open.peek().end() < start || (open.peek().end() == start && end > start))) {
        open.pop();
      }
      if (!open.isEmpty()) {
        assertThat(end)
            .as("end of %s within %s", event, open.peek().event())
            .isLessThanOrEqualTo(open.peek().end());
      }
      Slice slice = new Slice(event, start, end, open.stream().map(Slice::name).toList());
      slices.add(slice);
      open.push(slice);
    }
  }

  private void flows() {
    Map<String, List<JsonNode>> flows = new HashMap<>();
    for (JsonNode event : events) {
      if (is(event, "s", "t", "f")) {
        flows
            .computeIfAbsent(
                event.path("cat") + "/" + event.path("name") + "/" + event.path("id").asString(),
                _ -> new ArrayList<>())
            .add(event);
        assertThat(slices)
            .as("a slice where %s stands", event)
            .anyMatch(
                slice ->
                    slice.event().path("tid").equals(event.path("tid"))
                        && slice.start() <= nanos(event, "ts")
                        && slice.end() >= nanos(event, "ts"));
      }
    }
    flows.forEach(
        (id, points) -> {
          List<JsonNode> byTime =
              points.stream().sorted(Comparator.comparingLong(e -> nanos(e, "ts"))).toList();
          assertThat(byTime.stream().filter(e -> is(e, "s"))).as(id).hasSize(1);
          assertThat(byTime.stream().filter(e -> is(e, "f"))).as(id).hasSize(1);
          assertThat(nanos(byTime.getFirst(), "ts")).as(id).isEqualTo(at(points, "s"));
          assertThat(nanos(byTime.getLast(), "ts")).as(id).isEqualTo(at(points, "f"));
        });
  }

  private static long at(List<JsonNode> points, String phase) {
    return nanos(points.stream().filter(e -> is(e, phase)).findFirst().orElseThrow(), "ts");
  }

  private static boolean is(JsonNode event, String... phases) {
    return Stream.of(phases).anyMatch(event.path("ph").asString()::equals);
  }

  private static long nanos(JsonNode event, String key) {
    assertThat(event.path(key).isNumber()).as("%s of %s", key, event).isTrue();
    return event.path(key).decimalValue().movePointRight(3).longValueExact();
  }

  /** Slices by the start of their names on tracks by the start of theirs. */
  List<Slice> slices(String track, String name) {
    return slices.stream()
        .filter(slice -> slice.name().startsWith(name))
        .filter(
            slice -> tracks.getOrDefault(slice.event().path("tid").asInt(), "").startsWith(track))
        .toList();
  }

  /** The processes' names. */
  Set<String> roles() {
    return new HashSet<>(processes.values());
  }

  /** The values of a counter, by time. */
  List<Double> counter(String name) {
    return events.stream()
        .filter(event -> is(event, "C") && event.path("name").asString().equals(name))
        .sorted(Comparator.comparingLong(event -> nanos(event, "ts")))
        .map(event -> event.path("args").path("value").asDouble())
        .toList();
  }

  /** How many arrows of a category there are. */
  long arrows(String category) {
    return events.stream()
        .filter(event -> is(event, "s") && event.path("cat").asString().equals(category))
        .count();
  }
}
