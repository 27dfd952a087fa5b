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
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes a record of a journal of the fields that {@link RecordWriter} has written. */
final class RecordReader {
  private RecordReader() {}

  /**
   * The record.
   *
   * @throws IllegalArgumentException if it is of no known kind, a field is missing or is not what
   *     it should be
   */
  static JournalRecord journaled(WrittenFields line) {
    return switch (line.text("record")) {
      case "begun" -> {
        WrittenFields settings = line.object("settings");
        Map<String, String> texts = new TreeMap<>();
        settings.names().forEach(name -> texts.put(name, settings.text(name)));
        yield new Begun(texts);
      }
      case "dispatched" ->
          new Dispatched(
              line.number("group"),
              line.integer("version"),
              line.text("environment"),
              line.number("index"),
              line.text("problem"));
      case "observed" ->
          new Observed(
              line.number("group"),
              line.integer("rollout"),
              line.integer("turn"),
              line.integers("token_ids"));
      case "sampled" ->
          new Sampled(
              line.number("group"),
              line.integer("rollout"),
              line.integer("turn"),
              line.integers("token_ids"),
              line.floats("logprobs"),
              line.integers("versions"),
              line.flag("synthesised"),
              line.text("finish_reason"));
      case "played" ->
          new Played(
              line.number("group"),
              line.integer("rollout"),
              trajectories(line),
              line.objects("others").stream().map(RecordReader::other).toList());
      case "scored" -> {
        WrittenFields metrics = line.object("metrics");
        Map<String, Double> values = new TreeMap<>();
        metrics.names().forEach(name -> values.put(name, metrics.decimal(name)));
        yield new Scored(
            line.number("group"),
            line.integer("rollout"),
            line.decimal("reward"),
            values,
            line.text("finish_reason"),
            line.integer("turns"));
      }
      case "failed" ->
          new Failed(
              line.number("group"), line.integer("rollout"), line.text("reason"), line.text("why"));
      case "taken" ->
          new Taken(line.number("step"), line.number("version"), line.numbers("groups"));
      case "handed" -> {
        WrittenFields curricula = line.object("curricula");
        Map<String, Levels> levels = new TreeMap<>();
        curricula.names().forEach(name -> levels.put(name, levels(curricula.object(name))));
        yield new Handed(
            line.number("step"),
            line.number("dispatched"),
            line.number("filtered"),
            line.number("stale"),
            line.number("failed"),
            line.numbers("ended"),
            levels);
      }
      default -> throw new IllegalArgumentException("no known record");
    };
  }

  private static AgentRollout other(WrittenFields line) {
    return new AgentRollout(
        line.text("agent"),
        line.decimal("reward"),
        line.text("finish_reason"),
        line.integer("turns"),
        trajectories(line));
  }

  private static List<Trajectory> trajectories(WrittenFields line) {
    return line.objects("trajectories").stream().map(RecordReader::trajectory).toList();
  }

  private static Trajectory trajectory(WrittenFields line) {
    int[] versions = line.integers("versions");
    boolean[] generated = new boolean[versions.length];
    for (int i = 0; i < versions.length; i++) {
      generated[i] = versions[i] != Trajectory.NO_VERSION;
    }
    return new Trajectory(
        line.integers("token_ids"),
        generated,
        line.floats("logprobs"),
        versions,
        line.flags("synthesised"));
  }

  private static Levels levels(WrittenFields line) {
    return new Levels(line.numbers("drawn"), line.decimals("owed"), line.decimals("pass_rates"));
  }
}
