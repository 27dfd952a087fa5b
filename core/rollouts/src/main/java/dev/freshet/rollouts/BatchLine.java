package dev.freshet.rollouts;

import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/**
 * One line of a batch file: a rollout and its position in the batch, by which a reader detects
 * missing lines. Unknown fields are skipped. A line with the right fields and impossible values,
 * such as NaN, is an unusable rollout; any other fault is an error.
 *
 * @param step the batch's step
 * @param index the line's index in the batch, from 0
 * @param of the number of lines of the batch
 */
record BatchLine(long step, int index, int of, Content content) {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // As Python writes them; they are judged as values.
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

  /** A rollout or the reason why it is none. */
  sealed interface Content {}

  /** A rollout with possible values. */
  record Usable(Rollout rollout) implements Content {}

  /** An unusable one. */
  record Unusable(UnusableRollout why) implements Content {}

  /** May be left out: then no version is synthesised. */
  private static final String SYNTHESISED = "synthesised";

  private static final String TEMPERATURE = "temperature";
  private static final String TOP_P = "top_p";
  private static final String TOP_K = "top_k";
  private static final String MIN_P = "min_p";

  /** May be left out. A rollout without the fields of sampling was sampled at temperature 1. */
  private static final Set<String> OPTIONAL = Set.of(SYNTHESISED, TEMPERATURE, TOP_P, TOP_K, MIN_P);

  private static final Map<String, JsonValue> FIELDS = new LinkedHashMap<>();

  static {
    FIELDS.put("step", JsonValue.LONG);
    FIELDS.put("index", JsonValue.INTEGER);
    FIELDS.put("of", JsonValue.INTEGER);
    FIELDS.put("id", JsonValue.TEXT);
    FIELDS.put("group_id", JsonValue.TEXT);
    FIELDS.put("environment", JsonValue.TEXT);
    FIELDS.put("problem", JsonValue.TEXT);
    FIELDS.put("reward", JsonValue.NUMBER);
    FIELDS.put("advantage", JsonValue.NUMBER);
    FIELDS.put("finish_reason", JsonValue.TEXT);
    FIELDS.put("turns", JsonValue.INTEGER);
    FIELDS.put("dispatch_version", JsonValue.INTEGER);
    FIELDS.put("token_ids", JsonValue.INTEGERS);
    FIELDS.put("generated", JsonValue.FLAGS);
    FIELDS.put("logprobs", JsonValue.NUMBERS);
    FIELDS.put("policy_versions", JsonValue.INTEGERS);
    FIELDS.put(SYNTHESISED, JsonValue.FLAGS);
    FIELDS.put(TEMPERATURE, JsonValue.NUMBER);
    FIELDS.put(TOP_P, JsonValue.NUMBER);
    FIELDS.put(TOP_K, JsonValue.INTEGER);
    FIELDS.put(MIN_P, JsonValue.NUMBER);
  }

  /** The bytes of a line, including its line feed. */
  static byte[] json(long step, int index, int of, Rollout rollout) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Trajectory tokens = rollout.trajectory();
    try (JsonGenerator out = JSON.createGenerator(ObjectWriteContext.empty(), bytes)) {
      out.writeStartObject();
      out.writeNumberProperty("step", step);
      out.writeNumberProperty("index", index);
      out.writeNumberProperty("of", of);
      out.writeStringProperty("id", rollout.id());
      out.writeStringProperty("group_id", rollout.groupId());
      out.writeStringProperty("environment", rollout.environment());
      out.writeStringProperty("problem", rollout.problem());
      out.writeNumberProperty("reward", rollout.reward());
      out.writeNumberProperty("advantage", rollout.advantage());
      out.writeStringProperty("finish_reason", rollout.finishReason());
      out.writeNumberProperty("turns", rollout.turns());
      out.writeNumberProperty("dispatch_version", rollout.dispatchVersion());
      write(out, rollout.sampling());
      out.writeName("token_ids");
      out.writeArray(tokens.tokenIds(), 0, tokens.length());
      write(out, "generated", tokens.generated());
      out.writeArrayPropertyStart("logprobs");
      for (float logprob : tokens.logprobs()) {
        out.writeNumber(logprob);
      }
      out.writeEndArray();
      out.writeName("policy_versions");
      out.writeArray(tokens.policyVersions(), 0, tokens.length());
      if (tokens.synthesisedCount() > 0) {
        write(out, SYNTHESISED, tokens.synthesised());
      }
      out.writeEndObject();
    }
    bytes.write('\n');
    return bytes.toByteArray();
  }

  private static void write(JsonGenerator out, SamplingDistribution sampling) {
    out.writeNumberProperty(TEMPERATURE, sampling.temperature());
    if (sampling.truncated()) {
      out.writeNumberProperty(TOP_P, sampling.topP());
      out.writeNumberProperty(TOP_K, sampling.topK());
      out.writeNumberProperty(MIN_P, sampling.minP());
    }
  }

  private static void write(JsonGenerator out, String name, boolean[] flags) {
    out.writeArrayPropertyStart(name);
    for (boolean flag : flags) {
      out.writeBoolean(flag);
    }
    out.writeEndArray();
  }

  /**
   * Reads a line.
   *
   * @param where the file and the number of the line, for messages
   */
  static BatchLine parse(String where, String line) {
    Map<String, Object> values = new HashMap<>();
    try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), line)) {
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new BatchException("%s: not a JSON object, expected one rollout".formatted(where));
      }
      for (String name = in.nextName(); name != null; name = in.nextName()) {
        in.nextToken();
        JsonValue kind = FIELDS.get(name);
        if (kind == null) {
          in.skipChildren();
        } else {
          values.put(name, kind.read(where, name, in));
        }
      }
      if (in.nextToken() != null) {
        throw new BatchException(
            "%s: more after the JSON object, expected the end of the line".formatted(where));
      }
    } catch (JacksonException e) {
      throw new BatchException(
          "%s: not valid JSON: %s".formatted(where, e.getOriginalMessage()), e);
    }
    for (Map.Entry<String, JsonValue> field : FIELDS.entrySet()) {
      if (!values.containsKey(field.getKey()) && !OPTIONAL.contains(field.getKey())) {
        throw new BatchException(
            "%s: field '%s' is missing, expected %s"
                .formatted(where, field.getKey(), field.getValue().expected()));
      }
    }
    return new BatchLine(
        get(values, "step", Long.class),
        get(values, "index", Integer.class),
        get(values, "of", Integer.class),
        content(where, values));
  }

  private static Content content(String where, Map<String, Object> values) {
    try {
      return new Usable(rollout(values));
    } catch (InvalidRolloutException e) {
      return new Unusable(
          new UnusableRollout(
              e.reason(), BatchException.oneLine("%s: %s".formatted(where, e.getMessage()))));
    }
  }

  private static Rollout rollout(Map<String, Object> values) {
    int[] ids = get(values, "token_ids", int[].class);
    return new Rollout(
        get(values, "id", String.class),
        get(values, "group_id", String.class),
        get(values, "environment", String.class),
        get(values, "problem", String.class),
        new Trajectory(
            ids,
            get(values, "generated", boolean[].class),
            get(values, "logprobs", float[].class),
            get(values, "policy_versions", int[].class),
            values.containsKey(SYNTHESISED)
                ? get(values, SYNTHESISED, boolean[].class)
                : new boolean[ids.length]),
        get(values, "reward", Double.class),
        get(values, "advantage", Double.class),
        get(values, "finish_reason", String.class),
        get(values, "turns", Integer.class),
        get(values, "dispatch_version", Integer.class),
        new SamplingDistribution(
            get(values, TEMPERATURE, Double.class, 1.0),
            get(values, TOP_P, Double.class, 1.0),
            get(values, TOP_K, Integer.class, 0),
            get(values, MIN_P, Double.class, 0.0)));
  }

  private static <T> T get(Map<String, Object> values, String name, Class<T> type, T absent) {
    return type.cast(values.getOrDefault(name, absent));
  }

  private static <T> T get(Map<String, Object> values, String name, Class<T> type) {
    return type.cast(Objects.requireNonNull(values.get(name), name));
  }
}
