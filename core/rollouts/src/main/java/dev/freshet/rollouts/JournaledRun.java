package dev.freshet.rollouts;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a journal knows of its run: the groups that are not settled, and how far the run is. Not
 * thread-safe.
 */
public final class JournaledRun {
  private static final JournalRecord.Handed NONE =
      new JournalRecord.Handed(0, 0, 0, 0, 0, List.of(), Map.of());

  private final Map<Long, Group> groups = new TreeMap<>();
  private Map<String, String> settings = Map.of();
  private JournalRecord.Handed handed = NONE;
  private Optional<JournalRecord.Taken> taken = Optional.empty();
  private long dispatched;

  /** A group that is in no batch that was handed over, and not dropped. */
  public static final class Group {
    private final JournalRecord.Dispatched dispatch;
    private final Map<Integer, JournaledRollout> rollouts = new HashMap<>();

    private Group(JournalRecord.Dispatched dispatch) {
      this.dispatch = dispatch;
    }

    /** Its dispatch. */
    public JournalRecord.Dispatched dispatch() {
      return dispatch;
    }

    /** One of its rollouts. */
    public JournaledRollout rollout(int index) {
      return rollouts.getOrDefault(index, JournaledRollout.NOTHING);
    }

    private void add(int rollout, JournalRecord.OfGroup more) {
      rollouts.put(rollout, rollout(rollout).with(more));
    }
  }

  JournaledRun() {}

  /** A run of which nothing is journaled. */
  public static JournaledRun fresh() {
    return new JournaledRun();
  }

  /** Adds the next record. One that does not fit to those before is an error. */
  void add(JournalRecord next) {
    switch (next) {
      case JournalRecord.Begun begun -> settings = begun.settings();
      case JournalRecord.Taken batch -> taken = Optional.of(batch);
      case JournalRecord.Handed batch -> {
        batch.ended().forEach(groups::remove);
        handed = batch;
        dispatched = Math.max(dispatched, batch.dispatched());
        taken = taken.filter(t -> t.step() > batch.step());
      }
      case JournalRecord.Dispatched group -> {
        groups.put(group.group(), new Group(group));
        dispatched = Math.max(dispatched, group.group() + 1);
      }
      case JournalRecord.Observed turn -> add(turn.rollout(), turn);
      case JournalRecord.Sampled tokens -> add(tokens.rollout(), tokens);
      case JournalRecord.Played episode -> add(episode.rollout(), episode);
      case JournalRecord.Scored end -> add(end.rollout(), end);
      case JournalRecord.Failed end -> add(end.rollout(), end);
    }
  }

  /** A group that is settled may still have a rollout that ends. */
  private void add(int rollout, JournalRecord.OfGroup more) {
    Optional.ofNullable(groups.get(more.group())).ifPresent(group -> group.add(rollout, more));
  }

  /** Whether a record is still needed, given those that were added after it. */
  boolean needs(JournalRecord earlier) {
    return switch (earlier) {
      case JournalRecord.OfGroup ofGroup -> groups.containsKey(ofGroup.group());
      case JournalRecord.Taken batch -> batch.step() > handed.step();
      case JournalRecord.Begun _, JournalRecord.Handed _ -> false;
    };
  }

  /**
   * The last batch that was handed over, in place of the records that are not needed. Groups that
   * were dispatched since still have theirs.
   */
  JournalRecord.Handed counts() {
    return new JournalRecord.Handed(
        handed.step(),
        handed.dispatched(),
        handed.filtered(),
        handed.stale(),
        handed.failed(),
        List.of(),
        handed.curricula());
  }

  /** The settings that the run began with. */
  public Map<String, String> settings() {
    return settings;
  }

  /** The groups that are not settled, by number. */
  public List<Group> groups() {
    return List.copyOf(groups.values());
  }

  /** The last batch that was handed over, with the counts so far; step 0 if none was. */
  public JournalRecord.Handed handed() {
    return handed;
  }

  /** The batch after that, if its groups were chosen. */
  public Optional<JournalRecord.Taken> taken() {
    return taken;
  }

  /** The number of groups that were dispatched, which is the number of the next one. */
  public long dispatched() {
    return dispatched;
  }
}
