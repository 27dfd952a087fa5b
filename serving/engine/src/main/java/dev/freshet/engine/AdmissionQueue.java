package dev.freshet.engine;

import dev.freshet.trace.waits.Waits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
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
  private boolean closed;

  /** Whether a sequence was cancelled that the loop may be running. */
  private boolean cancelledRunning;

  AdmissionQueue(int capacity) {
    this.capacity = capacity;
  }

  /** Queues a sequence, or throws OVERLOADED if the queue is full or closed. */
  void add(Sequence sequence) {
    lock.lock();
    try {
      if (closed) {
        throw new EngineException(EngineException.Kind.OVERLOADED, "the engine is shutting down");
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

  /** Refuses further sequences and makes the loop end. */
  void close() {
    lock.lock();
    try {
      closed = true;
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
      while (!closed
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
      return !closed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the sequences to prefill next: at most {@code places}, and at most {@code tokens} prompt
   * tokens when padded to the longest prompt, but at least one sequence. Cancelled ones are
   * removed.
   */
  List<Sequence> take(int places, int tokens) {
    lock.lock();
    try {
      List<Sequence> taken = new ArrayList<>();
      int longest = 0;
      while (taken.size() < places && !waiting.isEmpty()) {
        Sequence next = waiting.element();
        if (!next.cancelled()) {
          longest = Math.max(longest, next.request().prompt().length);
          if (!taken.isEmpty() && (long) longest * (taken.size() + 1) > tokens) {
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
    return take(Integer.MAX_VALUE, Integer.MAX_VALUE);
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
