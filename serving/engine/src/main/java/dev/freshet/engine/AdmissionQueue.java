package dev.freshet.engine;

import dev.freshet.trace.waits.Waits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The bounded FIFO queue of completions that wait for a place in the decode loop. The loop sleeps
 * here while it has no work. Thread-safe.
 */
final class AdmissionQueue {
  /** The longest sleep of the loop before it checks for work without a signal. */
  private static final long MAX_SLEEP_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
  private volatile int running;
  private volatile int size;
  private Optional<EngineException> closed = Optional.empty();

  /** Whether a sequence was cancelled that the loop may be running. */
  private boolean cancelledRunning;

  AdmissionQueue(int capacity) {
    this.capacity = capacity;
  }

  /** Queues a sequence; throws OVERLOADED if the queue is full, and the reason if it is closed. */
  void add(Sequence sequence) {
    lock.lock();
    try {
      if (closed.isPresent()) {
        EngineException why = closed.get();
        throw new EngineException(why.kind(), why);
      }
      if (waiting.size() >= capacity) {
        throw new EngineException(
            EngineException.Kind.OVERLOADED,
            "the admission queue is full: %d completions wait already; retry later"
                .formatted(capacity));
      }
      waiting.add(sequence);
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
   * Waits until the loop has work.
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
   * Takes the sequences to prefill next, the longest waiting first: at most {@code places} whose
   * prompts, padded to the longest, have at most {@code tokens} tokens together, or one whose
   * prompt alone has more. Cancelled ones are removed.
   *
   * @param takesLong whether such a long prompt may start; if not, it waits, and those after it
   */
  List<Sequence> take(int places, int tokens, boolean takesLong) {
    lock.lock();
    try {
      List<Sequence> taken = new ArrayList<>();
      int longest = 0;
      while (taken.size() < places && !waiting.isEmpty()) {
        Sequence next = waiting.element();
        if (!next.cancelled()) {
          longest = Math.max(longest, next.promptLength());
          boolean fits = (long) longest * (taken.size() + 1) <= tokens;
          boolean startsLong = taken.isEmpty() && takesLong;
          if (!fits && !startsLong) {
            break;
          }
          taken.add(next);
        }
        waiting.remove();
      }
      size = waiting.size();
      return taken;
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
