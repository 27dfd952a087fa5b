package dev.freshet.rollouts;

import dev.freshet.rollouts.JournalRecord.Begun;
import dev.freshet.rollouts.JournalRecord.Dispatched;
import dev.freshet.rollouts.JournalRecord.Failed;
import dev.freshet.rollouts.JournalRecord.Handed;
import dev.freshet.rollouts.JournalRecord.Levels;
import dev.freshet.rollouts.JournalRecord.Observed;
import dev.freshet.rollouts.JournalRecord.Played;
import dev.freshet.rollouts.JournalRecord.Sampled;
import dev.freshet.rollouts.JournalRecord.Scored;
import dev.freshet.rollouts.JournalRecord.Taken;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A record of the journal as a line: a JSON object whose last field, {@code crc}, is the CRC-32C of
 * the bytes before it. Numbers survive to the last bit.
 */
final class JournalLine {
  /** Decimal numbers are rounded once, to what they were. */
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  private static final String CRC = ",\"crc\":\"";
  private static final String END = "\"}";
  private static final int TAIL = CRC.length() + Integer.BYTES * 2 + END.length();

  private JournalLine() {}

  /** The bytes of a line, including its line feed. */
  static byte[] of(JournalRecord journaled) {
    byte[] json = JSON.writeValueAsBytes(fields(journaled));
    int open = json.length - 1; // Without the brace, which follows the checksum.
    byte[] tail =
        "%s%s%s\n".formatted(CRC, checksum(json, open), END).getBytes(StandardCharsets.US_ASCII);
    byte[] line = Arrays.copyOf(json, open + tail.length);
    System.arraycopy(tail, 0, line, open, tail.length);
    return line;
  }

  private static String checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return "%08x".formatted(crc.getValue());
  }

  private static Map<String, Object> fields(JournalRecord journaled) {
    Map<String, Object> fields = new LinkedHashMap<>();
    switch (journaled) {
      case Begun begun -> {
        fields.put("record", "begun");
        fields.put("settings", new TreeMap<>(begun.settings()));
      }
      case Dispatched group -> {
        fields.put("record", "dispatched");
        fields.put("group", group.group());
        fields.put("version", group.version());
        fields.put("environment", group.environment());
        fields.put("index", group.index());
        fields.put("problem", group.problem());
      }
      case Observed turn -> {
        fields.put("record", "observed");
        turn(fields, turn.group(), turn.rollout(), turn.turn());
        fields.put("token_ids", turn.tokenIds());
      }
      case Sampled tokens -> {
        fields.put("record", "sampled");
        turn(fields, tokens.group(), tokens.rollout(), tokens.turn());
        fields.put("token_ids", tokens.tokenIds());
        fields.put("logprobs", tokens.logprobs());
        fields.put("versions", tokens.versions());
        fields.put("synthesised", tokens.synthesised());
        fields.put("finish_reason", tokens.finishReason());
      }
      case Played played -> {
        fields.put("record", "played");
        fields.put("group", played.group());
        fields.put("rollout", played.rollout());
        fields.put(
            "trajectories", played.trajectories().stream().map(JournalLine::fields).toList());
      }
      case Scored scored -> {
        fields.put("record", "scored");
        fields.put("group", scored.group());
        fields.put("rollout", scored.rollout());
        fields.put("reward", scored.reward());
        fields.put("metrics", new TreeMap<>(scored.metrics()));
        fields.put("finish_reason", scored.finishReason());
        fields.put("turns", scored.turns());
      }
      case Failed failed -> {
        fields.put("record", "failed");
        fields.put("group", failed.group());
        fields.put("rollout", failed.rollout());
        fields.put("reason", failed.reason());
        fields.put("why", failed.why());
      }
      case Taken taken -> {
        fields.put("record", "taken");
        fields.put("step", taken.step());
        fields.put("version", taken.version());
        fields.put("groups", taken.groups());
      }
      case Handed handed -> {
        fields.put("record", "handed");
        fields.put("step", handed.step());
        fields.put("dispatched", handed.dispatched());
        fields.put("filtered", handed.filtered());
        fields.put("stale", handed.stale());
        fields.put("failed", handed.failed());
        fields.put("ended", handed.ended());
        Map<String, Object> curricula = new TreeMap<>();
        handed.curricula().forEach((name, levels) -> curricula.put(name, fields(levels)));
        fields.put("curricula", curricula);
      }
    }
    return fields;
  }

  /** Without {@code generated}: tokens that were not generated have no version. */
  private static Map<String, Object> fields(Trajectory trajectory) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("token_ids", trajectory.tokenIds());
    fields.put("logprobs", trajectory.logprobs());
    fields.put("versions", trajectory.policyVersions());
    fields.put("synthesised", trajectory.synthesised());
    return fields;
  }

  private static Map<String, Object> fields(Levels levels) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("drawn", levels.drawn());
    fields.put("owed", levels.owed());
    fields.put("pass_rates", levels.passRates());
    return fields;
  }

  private static void turn(Map<String, Object> fields, long group, int rollout, int turn) {
    fields.put("group", group);
    fields.put("rollout", rollout);
    fields.put("turn", turn);
  }

  /**
   * Reads a line; empty if it is not as it was written.
   *
   * @param line without its line feed
   */
  static Optional<JournalRecord> parse(byte[] line) {
    int open = line.length - TAIL;
    if (open <= 0) {
      return Optional.empty();
    }
    String tail = new String(line, open, TAIL, StandardCharsets.US_ASCII);
    if (!tail.equals(CRC + checksum(line, open) + END)) {
      return Optional.empty();
    }
    try {
      return Optional.of(journaled(JSON.readTree(line)));
    } catch (JacksonException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static JournalRecord journaled(JsonNode line) {
    return switch (line.path("record").asString("")) {
      case "begun" -> {
        Map<String, String> settings = new TreeMap<>();
        line.required("settings").forEachEntry((name, text) -> settings.put(name, text.asString()));
        yield new Begun(settings);
      }
      case "dispatched" ->
          new Dispatched(
              number(line, "group"),
              integer(line, "version"),
              text(line, "environment"),
              number(line, "index"),
              text(line, "problem"));
      case "observed" ->
          new Observed(
              number(line, "group"),
              integer(line, "rollout"),
              integer(line, "turn"),
              integers(line, "token_ids"));
      case "sampled" ->
          new Sampled(
              number(line, "group"),
              integer(line, "rollout"),
              integer(line, "turn"),
              integers(line, "token_ids"),
              floats(line, "logprobs"),
              integers(line, "versions"),
              line.required("synthesised").booleanValue(),
              text(line, "finish_reason"));
      case "played" ->
          new Played(
              number(line, "group"),
              integer(line, "rollout"),
              line.required("trajectories").valueStream().map(JournalLine::trajectory).toList());
      case "scored" -> {
        Map<String, Double> metrics = new TreeMap<>();
        line.required("metrics")
            .forEachEntry((name, value) -> metrics.put(name, value.doubleValue()));
        yield new Scored(
            number(line, "group"),
            integer(line, "rollout"),
            line.required("reward").doubleValue(),
            metrics,
            text(line, "finish_reason"),
            integer(line, "turns"));
      }
      case "failed" ->
          new Failed(
              number(line, "group"),
              integer(line, "rollout"),
              text(line, "reason"),
              text(line, "why"));
      case "taken" ->
          new Taken(number(line, "step"), number(line, "version"), numbers(line, "groups"));
      case "handed" -> {
        Map<String, Levels> curricula = new TreeMap<>();
        line.required("curricula")
            .forEachEntry((name, levels) -> curricula.put(name, levels(levels)));
        yield new Handed(
            number(line, "step"),
            number(line, "dispatched"),
            number(line, "filtered"),
            number(line, "stale"),
            number(line, "failed"),
            numbers(line, "ended"),
            curricula);
      }
      default -> throw new IllegalArgumentException("no known record");
    };
  }

  private static Trajectory trajectory(JsonNode line) {
    int[] versions = integers(line, "versions");
    boolean[] generated = new boolean[versions.length];
    for (int i = 0; i < versions.length; i++) {
      generated[i] = versions[i] != Trajectory.NO_VERSION;
    }
    return new Trajectory(
        integers(line, "token_ids"),
        generated,
        floats(line, "logprobs"),
        versions,
        booleans(line, "synthesised"));
  }

  private static Levels levels(JsonNode line) {
    return new Levels(numbers(line, "drawn"), decimals(line, "owed"), decimals(line, "pass_rates"));
  }

  private static String text(JsonNode line, String name) {
    return line.required(name).stringValue();
  }

  private static long number(JsonNode line, String name) {
    return line.required(name).longValue();
  }

  private static int integer(JsonNode line, String name) {
    return line.required(name).intValue();
  }

  private static List<Long> numbers(JsonNode line, String name) {
    List<Long> numbers = new ArrayList<>();
    line.required(name).forEach(number -> numbers.add(number.longValue()));
    return numbers;
  }

  private static List<Double> decimals(JsonNode line, String name) {
    return line.required(name).valueStream().map(JsonNode::doubleValue).toList();
  }

  private static int[] integers(JsonNode line, String name) {
    return line.required(name).valueStream().mapToInt(JsonNode::intValue).toArray();
  }

  private static boolean[] booleans(JsonNode line, String name) {
    JsonNode array = line.required(name);
    boolean[] booleans = new boolean[array.size()];
    for (int i = 0; i < booleans.length; i++) {
      booleans[i] = array.get(i).booleanValue();
    }
    return booleans;
  }

  private static float[] floats(JsonNode line, String name) {
    JsonNode array = line.required(name);
    float[] floats = new float[array.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = array.get(i).decimalValue().floatValue();
    }
    return floats;
  }
}
