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
 * Completions that wait for a place in the decode loop, first come first served, and the loop's
 * bell: it sleeps here while there is nothing to do. Bounded; thread-safe.
 */
final class AdmissionQueue {
  /** How long the loop sleeps at most before it looks again by itself. */
  private static final long LOOK_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
  private volatile int running;
  private volatile int size;
  private boolean closed;

  /** Whether a sequence was cancelled that the loop may be holding. */
  private boolean dropping;

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
            "the admission queue is full: %d completions wait already".formatted(capacity));
      }
      waiting.add(sequence);
      size = waiting.size();
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Wakes the loop. */
  void ring() {
    lock.lock();
    try {
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * A cancelled sequence gives up its place in the queue, and the loop wakes to drop it if it runs.
   */
  void cancelled(Sequence sequence) {
    lock.lock();
    try {
      dropping |= !waiting.remove(sequence);
      size = waiting.size();
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Refuses further sequences and lets the loop end. */
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
   * Returns at once if there is something to do, else when that changes.
   *
   * @param admits whether waiting sequences may run, so that one of them is something to do
   * @param stepNanos how long until there is a step to take
   * @param pending whether there is something else to do
   * @return whether the loop is to go on
   */
  boolean awaitWork(boolean admits, long stepNanos, BooleanSupplier pending) {
    lock.lock();
    try {
      long left = stepNanos;
      while (!closed
          && left > 0
          && !dropping
          && !(admits && !waiting.isEmpty())
          && !pending.getAsBoolean()) {
        long most = Math.min(left, LOOK_AGAIN_NANOS);
        try (Waits.Open _ = Waits.idle("inference", "completions", "clients")) {
          left = left - most + Math.max(0, work.awaitNanos(most));
        }
      }
      dropping = false;
      return !closed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The sequences to prefill next: at most {@code places}, and padded to the longest prompt at most
   * {@code tokens}, but one always. Cancelled ones are thrown away.
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

  /** Everything that still waits; the queue is empty afterwards. */
  List<Sequence> drain() {
    return take(Integer.MAX_VALUE, Integer.MAX_VALUE);
  }

  /** The loop reports how many sequences it runs. */
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
