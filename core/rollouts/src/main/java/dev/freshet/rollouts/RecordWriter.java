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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The fields of a journal's records in the order in which they are written. {@link RecordReader}
 * makes the records of them again.
 */
final class RecordWriter {
  private RecordWriter() {}

  static Map<String, Object> fields(JournalRecord journaled) {
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
            "trajectories", played.trajectories().stream().map(RecordWriter::fields).toList());
        fields.put("others", played.others().stream().map(RecordWriter::fields).toList());
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

  private static Map<String, Object> fields(AgentRollout other) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("agent", other.agent());
    fields.put("reward", other.reward());
    fields.put("finish_reason", other.finishReason());
    fields.put("turns", other.turns());
    fields.put("trajectories", other.trajectories().stream().map(RecordWriter::fields).toList());
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
}
