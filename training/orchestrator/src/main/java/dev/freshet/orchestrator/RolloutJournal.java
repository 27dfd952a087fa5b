package dev.freshet.orchestrator;

import dev.freshet.client.Completion;
import dev.freshet.environments.SelfDrivenEnvironment;
import dev.freshet.fleet.Arrived;
import dev.freshet.rollouts.JournalRecord;
import dev.freshet.rollouts.JournaledRollout;
import dev.freshet.rollouts.RunJournal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Journals the rollouts of a run, so that a later process can continue with them: every second the
 * tokens that have arrived since, and what has ended at once. Thread-safe. Owns one thread; the
 * journal belongs to the caller.
 */
final class RolloutJournal {
  private static final long EVERY_MILLIS = 1000;

  private final RunJournal journal;
  private final Consumer<Throwable> failed;
  private final Set<Turn> streaming = ConcurrentHashMap.newKeySet();
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final Thread thread;

  /**
   * @param failed receives what makes the journal incomplete, with which the run must end
   */
  RolloutJournal(RunJournal journal, Consumer<Throwable> failed) {
    this.journal = journal;
    this.failed = failed;
    this.thread = Thread.ofPlatform().name("freshet-journal").unstarted(this::keep);
  }

  void start() {
    thread.start();
  }

  /** Ends the thread and forces the journal to the disk; returns whether the thread has ended. */
  boolean stop(long millis) throws InterruptedException {
    stopping.countDown();
    thread.join(millis);
    return !thread.isAlive();
  }

  private void keep() {
    try {
      while (!stopping.await(EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
        streaming.forEach(Turn::record);
        journal.force();
        journal.compactIfDue();
      }
      journal.force();
    } catch (InterruptedException e) {
      failed.accept(new OrchestratorException("the thread of the journal was interrupted", e));
    } catch (RuntimeException | Error e) {
      failed.accept(e);
    }
  }

  /** A group is dispatched. */
  void dispatched(GroupInFlight group) {
    journal.append(
        new JournalRecord.Dispatched(
            group.number(),
            group.dispatchVersion(),
            group.environment().name(),
            group.problem().index(),
            group.problem().text()));
  }

  /**
   * A rollout has ended, unless it was cancelled. The tokens of a self-driven episode are recorded
   * here: no turn of it was.
   */
  void ended(GroupInFlight group, int rollout, RolloutResult result) {
    switch (result) {
      case RolloutResult.Done done -> {
        if (group.environment() instanceof SelfDrivenEnvironment) {
          journal.append(
              new JournalRecord.Played(
                  group.number(),
                  rollout,
                  Stream.concat(Stream.of(done.trajectory()), done.branches().stream()).toList(),
                  done.others()));
        }
        journal.append(
            new JournalRecord.Scored(
                group.number(),
                rollout,
                done.reward(),
                done.metrics(),
                done.finishReason(),
                done.turns()));
      }
      case RolloutResult.Failed failure ->
          journal.append(
              new JournalRecord.Failed(
                  group.number(), rollout, failure.reason().wireName(), failure.why()));
      case RolloutResult.Cancelled c -> {}
    }
  }

  /** The groups of a batch are chosen. It is on the disk when this returns. */
  void taken(JournalRecord.Taken batch) {
    journal.append(batch);
    journal.force();
  }

  /** A batch and its metrics are written. */
  void handed(JournalRecord.Handed batch) {
    journal.append(batch);
  }

  /**
   * The log of a rollout.
   *
   * @param earlier what an earlier process recorded of it
   */
  RolloutLog of(GroupInFlight group, int rollout, JournaledRollout earlier) {
    return new Log(group.number(), rollout, earlier.turns());
  }

  /** Has in memory what it has journaled, for the next attempt. */
  private final class Log implements RolloutLog {
    private final long group;
    private final int rollout;
    private final List<JournaledRollout.Turn> turns;

    Log(long group, int rollout, List<JournaledRollout.Turn> earlier) {
      this.group = group;
      this.rollout = rollout;
      this.turns = new ArrayList<>(earlier);
    }

    @Override
    public synchronized List<JournaledRollout.Turn> recorded(long newest) {
      for (int i = 0; i < turns.size(); i++) {
        JournaledRollout.Turn older = turns.get(i).upTo(newest);
        if (older.length() < turns.get(i).length()) {
          var _ = begins(i, older.observed());
          older.sampled().forEach(this::sampled);
        }
      }
      return List.copyOf(turns);
    }

    @Override
    public synchronized OfTurn begins(int turn, int[] observed) {
      journal.append(new JournalRecord.Observed(group, rollout, turn, observed));
      turns.subList(turn, turns.size()).clear();
      turns.add(new JournaledRollout.Turn(observed, List.of()));
      return new Turn(this, turn);
    }

    @Override
    public OfTurn continues(int turn) {
      return new Turn(this, turn);
    }

    /** Further tokens of the last turn. */
    synchronized void sampled(JournalRecord.Sampled more) {
      journal.append(more);
      JournaledRollout.Turn last = turns.removeLast();
      List<JournalRecord.Sampled> parts = new ArrayList<>(last.sampled());
      parts.add(more);
      turns.add(new JournaledRollout.Turn(last.observed(), parts));
    }
  }

  /** One turn, whose tokens are recorded as they arrive. */
  private final class Turn implements RolloutLog.OfTurn {
    private final Log log;
    private final int turn;
    private Optional<IntFunction<Arrived>> source = Optional.empty();
    private int recorded;

    Turn(Log log, int turn) {
      this.log = log;
      this.turn = turn;
    }

    @Override
    public synchronized void streams(IntFunction<Arrived> arrived) {
      source = Optional.of(arrived);
      streaming.add(this);
    }

    /** Records what has arrived since the last time. */
    synchronized void record() {
      source.ifPresent(
          arrived -> {
            Arrived more = arrived.apply(recorded);
            if (more.tokenIds().length > 0) {
              append(
                  more.tokenIds(), more.logprobs(), more.policyVersions(), more.synthesised(), "");
            }
          });
    }

    @Override
    public synchronized void ended(Completion whole) {
      int end = whole.tokenIds().length;
      append(
          Arrays.copyOfRange(whole.tokenIds(), recorded, end),
          Arrays.copyOfRange(whole.logprobs(), recorded, end),
          Arrays.copyOfRange(whole.policyVersions(), recorded, end),
          whole.synthesised(),
          whole.finishReason());
      close();
    }

    @Override
    public synchronized void stopped() {
      try {
        record();
      } finally {
        close();
      }
    }

    private void close() {
      source = Optional.empty();
      streaming.remove(this);
    }

    private void append(
        int[] ids, float[] logprobs, int[] versions, boolean synthesised, String finishReason) {
      log.sampled(
          new JournalRecord.Sampled(
              log.group, log.rollout, turn, ids, logprobs, versions, synthesised, finishReason));
      recorded += ids.length;
    }
  }
}
