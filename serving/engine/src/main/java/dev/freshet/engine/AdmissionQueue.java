package dev.freshet.engine;

import dev.freshet.trace.waits.Waits;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The bounded queue of completions that wait for a place in the decode loop, by priority, then by
 * arrival. The loop sleeps here while it has no work. Thread-safe.
 */
final class AdmissionQueue {
  /** The longest sleep of the loop before it checks for work without a signal. */
  private static final long MAX_SLEEP_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** An idle loop begins once no completion has arrived for so long. */
  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

  /** An idle loop begins at the latest so long after it found the first completion. */
  private static final long MAX_GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(3);

  private final int capacity;
  private final int stepTokens;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final TreeSet<Sequence> waiting = new TreeSet<>(Sequence.ORDER);
  private volatile int running;
  private volatile int size;
  private Optional<EngineException> closed = Optional.empty();

  /** Whether a sequence was cancelled that the loop may be running. */
  private boolean cancelledRunning;

  /**
   * @param capacity the most sequences that wait
   * @param stepTokens the tokens of a step
   */
  AdmissionQueue(int capacity, int stepTokens) {
    this.capacity = capacity;
    this.stepTokens = stepTokens;
  }

  /**
   * Queues sequences, all of them or none. Throws INVALID if they are more than the queue can hold,
   * OVERLOADED if it has no room for all of them now, and the reason if it is closed.
   */
  void add(List<Sequence> sequences) {
    if (sequences.size() > capacity) {
      throw new EngineException(
          EngineException.Kind.INVALID,
          "%d completions together: expected at most %d, the room of the admission queue (inference.max_waiting)"
              .formatted(sequences.size(), capacity));
    }
    lock.lock();
    try {
      if (closed.isPresent()) {
        EngineException why = closed.get();
        throw new EngineException(why.kind(), why);
      }
      if (waiting.size() + sequences.size() > capacity) {
        throw new EngineException(
            EngineException.Kind.OVERLOADED,
            "the admission queue is full: %d completions wait already, at most %d may: %d more; retry later"
                .formatted(waiting.size(), capacity, sequences.size()));
      }
      waiting.addAll(sequences);
      size = waiting.size();
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Wakes the loop. */
  void wake() {
    lock.lock();
    try {
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Removes a cancelled sequence from the queue, or wakes the loop to drop it if it runs. */
  void cancelled(Sequence sequence) {
    lock.lock();
    try {
      cancelledRunning |= !waiting.remove(sequence);
      size = waiting.size();
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Refuses further sequences and makes the loop end. The first reason is kept. */
  void close(EngineException why) {
    lock.lock();
    try {
      closed = closed.or(() -> Optional.of(why));
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until the loop has work. A loop that runs nothing then also waits for completions that
   * arrive together with the first one, such as those of a group, as long as {@link #gather} says.
   *
   * @param admits whether waiting sequences may start, so that one of them counts as work
   * @param stepNanos nanoseconds until the next decode step is due
   * @param pending whether there is other work
   * @return false once the queue is closed: the loop must end
   */
  boolean awaitWork(boolean admits, long stepNanos, BooleanSupplier pending) {
    lock.lock();
    try {
      long left = stepNanos;
      while (closed.isEmpty()
          && left > 0
          && !cancelledRunning
          && !(admits && !waiting.isEmpty())
          && !pending.getAsBoolean()) {
        long sleep = Math.min(left, MAX_SLEEP_NANOS);
        try (Waits.Open _ = Waits.idle("inference", "completions", "clients")) {
          left = left - sleep + Math.max(0, work.awaitNanos(sleep));
        }
      }
      if (admits && stepNanos == Long.MAX_VALUE) {
        gather(pending);
      }
      cancelledRunning = false;
      return closed.isEmpty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until completions stop arriving, or those that wait fill a step. Otherwise a step of the
   * first one alone would delay all others by the time in which the weights are read, and a step of
   * few tokens takes almost as long as one of many.
   */
  private void gather(BooleanSupplier pending) throws InterruptedException {
    long left = MAX_GATHER_NANOS;
    int before = 0;
    while (closed.isEmpty()
        && left > 0
        && waiting.size() > before
        && waitingTokens() < stepTokens
        && !cancelledRunning
        && !pending.getAsBoolean()) {
      before = waiting.size();
      long pause = Math.min(left, PAUSE_NANOS);
      long rest = pause;
      while (rest > 0 && waiting.size() == before && !pending.getAsBoolean()) {
        rest = work.awaitNanos(rest);
      }
      left -= pause - Math.max(0, rest);
    }
  }

  private long waitingTokens() {
    return waiting.stream().mapToLong(Sequence::promptLength).sum();
  }

  /** The sequence that is next. */
  Optional<Sequence> first() {
    lock.lock();
    try {
      return waiting.isEmpty() ? Optional.empty() : Optional.of(waiting.getFirst());
    } finally {
      lock.unlock();
    }
  }

  /** Removes a sequence in order to run it; returns false if it has been cancelled. */
  boolean take(Sequence sequence) {
    lock.lock();
    try {
      boolean taken = waiting.remove(sequence);
      size = waiting.size();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /**
   * How many prompt tokens wait, of the next {@code places} sequences and of one priority; {@code
   * limit} if there are more.
   */
  int tokens(long priority, int places, int limit) {
    lock.lock();
    try {
      long tokens = 0;
      int seen = 0;
      for (Sequence sequence : waiting) {
        if (tokens >= limit || ++seen > places || sequence.priority() > priority) {
          break;
        }
        tokens += sequence.priority() == priority ? sequence.promptLength() : 0;
      }
      return (int) Math.min(tokens, limit);
    } finally {
      lock.unlock();
    }
  }

  /** Whether a sequence with this adapter waits. */
  boolean anyOf(long adapterId) {
    lock.lock();
    try {
      return waiting.stream().anyMatch(sequence -> sequence.adapterId() == adapterId);
    } finally {
      lock.unlock();
    }
  }

  /** Takes all waiting sequences. */
  List<Sequence> drain() {
    lock.lock();
    try {
      List<Sequence> all = new ArrayList<>(waiting);
      waiting.clear();
      size = 0;
      return all;
    } finally {
      lock.unlock();
    }
  }

  /** Publishes how many sequences the loop runs. */
  void running(int sequences) {
    running = sequences;
  }

  int running() {
    return running;
  }

  int waiting() {
    return size;
  }
}
