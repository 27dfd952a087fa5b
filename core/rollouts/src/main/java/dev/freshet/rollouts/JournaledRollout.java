package dev.freshet.rollouts;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a journal has of one rollout.
 *
 * @param turns in order; the last one may have ended, be incomplete, or not have begun
 * @param played what an environment's own program played, in place of turns: the rollout, then its
 *     further branches; empty unless that has ended
 * @param others what other agents did in what was played
 * @param end how the rollout ended; empty if it did not
 */
public record JournaledRollout(
    List<Turn> turns,
    List<Trajectory> played,
    List<AgentRollout> others,
    Optional<JournalRecord.OfGroup> end) {
  /** A rollout of which nothing is known. */
  public static final JournaledRollout NOTHING =
      new JournaledRollout(List.of(), List.of(), List.of(), Optional.empty());

  public JournaledRollout {
    turns = List.copyOf(turns);
    played = List.copyOf(played);
    others = List.copyOf(others);
  }

  /**
   * One turn with the tokens before it.
   *
   * @param observed the tokens before it
   * @param sampled its tokens so far, in the order of their records
   */
  public record Turn(int[] observed, List<JournalRecord.Sampled> sampled) {
    public Turn {
      sampled = List.copyOf(sampled);
    }

    /** Why it ended; empty if it did not. */
    public Optional<String> finishReason() {
      return sampled.isEmpty()
          ? Optional.empty()
          : Optional.of(sampled.getLast().finishReason()).filter(reason -> !reason.isEmpty());
    }

    /** The same with its tokens before the first one of a version above {@code newest}. */
    public Turn upTo(long newest) {
      List<JournalRecord.Sampled> older = new ArrayList<>();
      for (JournalRecord.Sampled part : sampled) {
        int length = 0;
        while (length < part.versions().length && part.versions()[length] <= newest) {
          length++;
        }
        if (length < part.versions().length) {
          older.add(part.first(length));
          break;
        }
        older.add(part);
      }
      return new Turn(observed, older);
    }

    /** The number of its tokens so far. */
    public int length() {
      return sampled.stream().mapToInt(tokens -> tokens.tokenIds().length).sum();
    }
  }

  /** The tokens of all turns, or of what was played. */
  public Trajectory trajectory() {
    if (!played.isEmpty()) {
      return played.getFirst();
    }
    Trajectory.Builder tokens = new Trajectory.Builder();
    for (Turn turn : turns) {
      tokens.observe(turn.observed());
      turn.sampled()
          .forEach(
              part ->
                  tokens.generate(
                      part.tokenIds(), part.logprobs(), part.versions(), part.synthesised()));
    }
    return tokens.build();
  }

  /** Further tokens that share the rollout's reward. */
  public List<Trajectory> branches() {
    return played.isEmpty() ? List.of() : played.subList(1, played.size());
  }

  /** With a further record of it; one that does not fit to those before is an error. */
  JournaledRollout with(JournalRecord.OfGroup more) {
    return switch (more) {
      case JournalRecord.Observed observed -> observed(observed);
      case JournalRecord.Sampled sampled -> sampled(sampled);
      case JournalRecord.Played episode ->
          new JournaledRollout(
              List.of(), episode.trajectories(), episode.others(), Optional.empty());
      case JournalRecord.Scored scored -> ended(scored);
      case JournalRecord.Failed failed -> ended(failed);
      case JournalRecord.Dispatched d -> throw unexpected("a dispatch", d);
    };
  }

  private JournaledRollout ended(JournalRecord.OfGroup how) {
    return new JournaledRollout(turns, played, others, Optional.of(how));
  }

  private JournaledRollout observed(JournalRecord.Observed observed) {
    if (observed.turn() > turns.size()) {
      throw unexpected("turn " + observed.turn(), observed);
    }
    List<Turn> more = new ArrayList<>(turns.subList(0, observed.turn()));
    more.add(new Turn(observed.tokenIds(), List.of()));
    return new JournaledRollout(more, List.of(), List.of(), Optional.empty());
  }

  private JournaledRollout sampled(JournalRecord.Sampled sampled) {
    if (sampled.turn() != turns.size() - 1 || turns.getLast().finishReason().isPresent()) {
      throw unexpected("tokens of turn " + sampled.turn(), sampled);
    }
    List<Turn> more = new ArrayList<>(turns);
    Turn last = more.removeLast();
    List<JournalRecord.Sampled> parts = new ArrayList<>(last.sampled());
    parts.add(sampled);
    more.add(new Turn(last.observed(), parts));
    return new JournaledRollout(more, List.of(), List.of(), end);
  }

  private BatchException unexpected(String what, JournalRecord.OfGroup found) {
    return new BatchException(
        "%s of a rollout of group %d after %d turns, expected the records of a rollout in order"
            .formatted(what, found.group(), turns.size()));
  }
}
